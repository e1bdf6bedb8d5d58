/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/nv-certificate.h"

#include "lib/endorsement.h"

#include <errno.h>

#define BLOCK_SIZE 512 /* every TPM reads as much at a time */

static int read_block(struct device *device, ESYS_TR index, UINT16 size, UINT16 offset,
                      struct buf *ret)
{
        _cleanup_(esys_freep) TPM2B_MAX_NV_BUFFER *data = NULL;
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_NV_Read(device->esys, index, index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, size, offset, &data);
        while (device_busy(rc, &attempts));
        if (rc)
                return device_error(rc, "reading a certificate", NULL);
        if (data->size != size || data->size > sizeof(data->buffer))
                return -EIO;
        buf_put(ret, data->buffer, data->size);
        return buf_error(ret);
}

/* One that is not meant for everybody is left alone: a refused authorization would count. */
static int read_size(struct device *device, ESYS_TR index, UINT16 *ret)
{
        const TPMA_NV wanted = TPMA_NV_AUTHREAD | TPMA_NV_WRITTEN;
        _cleanup_(esys_freep) TPM2B_NV_PUBLIC *public = NULL;
        unsigned attempts = 0;
        TSS2_RC rc;

        do
                rc = Esys_NV_ReadPublic(device->esys, index, ESYS_TR_NONE, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &public, NULL);
        while (device_busy(rc, &attempts));
        if (rc)
                return device_error(rc, "finding a certificate", NULL);
        if ((public->nvPublic.attributes & wanted) != wanted)
                return -ENOKEY;
        *ret = public->nvPublic.dataSize;
        return 0;
}

static int read_open(struct device *device, ESYS_TR index, struct buf *ret)
{
        UINT16 size = 0, done = 0;
        int r = read_size(device, index, &size);

        while (r == 0 && done < size) {
                UINT16 block = size - done < BLOCK_SIZE ? (UINT16)(size - done) : BLOCK_SIZE;

                r = read_block(device, index, block, done, ret);
                done = (UINT16)(done + block);
        }
        return r;
}

static int read_index(struct device *device, uint32_t number, struct buf *ret)
{
        unsigned attempts = 0;
        ESYS_TR index;
        TSS2_RC rc;
        int r;

        do
                rc = Esys_TR_FromTPMPublic(device->esys, number, ESYS_TR_NONE, ESYS_TR_NONE,
                                           ESYS_TR_NONE, &index);
        while (device_busy(rc, &attempts));
        if (device_code(rc) == TPM2_RC_HANDLE)
                return -ENOKEY;
        if (rc)
                return device_error(rc, "finding a certificate", NULL);
        r = read_open(device, index, ret);
        (void)Esys_TR_Close(device->esys, &index); /* only ESAPI's: nothing can fail */
        return r;
}

/* The size of one DER element; 0: there is none in full. Certificates are longer than 127 bytes and
 * shorter than 64 KiB. */
static size_t der_size(struct view bytes)
{
        size_t size;

        if (bytes.size < 4 || bytes.data[0] != 0x30 ||
            (bytes.data[1] != 0x82 && bytes.data[1] != 0x81))
                return 0;
        size = bytes.data[1] == 0x81 ? 3 + (size_t)bytes.data[2]
                                     : 4 + ((size_t)bytes.data[2] << 8 | bytes.data[3]);
        return size <= bytes.size ? size : 0;
}

/* One after the other; an index may have room left behind the last one. */
static int add_all(struct view bytes, struct evidence *evidence)
{
        size_t size;
        int r = 0;

        while (r == 0 && (size = der_size(bytes)) > 0) {
                r = evidence_add_certificate(evidence, view_of(bytes.data, size));
                bytes = view_of(bytes.data + size, bytes.size - size);
        }
        return r;
}

static int add_index(struct device *device, uint32_t number, struct evidence *evidence)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(UINT16_MAX);
        int r = read_index(device, number, &bytes);

        if (r == 0)
                r = add_all(buf_view(&bytes), evidence);
        return r == -ENODEV || r == -ENOMEM ? r : 0;
}

/* Issuers' certificates are one stream over several indices. */
static int add_chain(struct device *device, struct evidence *evidence, struct problem *problem)
{
        _cleanup_(esys_freep) TPMS_CAPABILITY_DATA *found = NULL;
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(UINT16_MAX);
        const TPML_HANDLE *list;
        int r = device_capability(device, TPM2_CAP_HANDLES, ENDORSEMENT_CHAIN_FIRST,
                                  EVIDENCE_CERTIFICATES_MAX, &found, problem);

        if (r < 0)
                return r;
        list = &found->data.handles;
        for (UINT32 i = 0; i < list->count && i < ARRAY_SIZE(list->handle); i++)
                if (list->handle[i] >= ENDORSEMENT_CHAIN_FIRST &&
                    list->handle[i] <= ENDORSEMENT_CHAIN_LAST) {
                        r = read_index(device, list->handle[i], &bytes);
                        if (r == -ENODEV || r == -ENOMEM)
                                return r;
                }
        return add_all(buf_view(&bytes), evidence);
}

int nv_certificates_add(struct device *device, struct evidence *evidence, struct problem *problem)
{
        const struct endorsement *row;
        int r = 0;

        for (size_t i = 0; r == 0 && (row = endorsement_at(i)); i++)
                r = add_index(device, row->certificate, evidence);
        if (r == 0)
                r = add_chain(device, evidence, problem);
        return r == -ENODEV ? problem_set(problem, r, "the TPM went away") : r;
}
