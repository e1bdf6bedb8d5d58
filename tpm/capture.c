/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/capture.h"

#include "lib/reader.h"

#include <errno.h>
#include <tss2/tss2_tpm2_types.h>

#define CAPTURE_MAGIC ((uint64_t)0x48616c6c6d61726b)

static struct capture *capture_of(TSS2_TCTI_CONTEXT *context)
{
        return (struct capture *)context;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
        struct capture *capture = capture_of(context);

        capture->size = 0;
        return Tss2_Tcti_Transmit(capture->real, size, command);
}

/* Without room for the bytes the caller asks for their number only. */
static TSS2_RC receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *response, int32_t timeout)
{
        struct capture *capture = capture_of(context);
        TSS2_RC rc = Tss2_Tcti_Receive(capture->real, size, response, timeout);

        if (rc || !response || *size > sizeof(capture->response))
                return rc;
        memcpy(capture->response, response, *size);
        capture->size = *size;
        return rc;
}

static void finalize(TSS2_TCTI_CONTEXT *context)
{
}

static TSS2_RC cancel(TSS2_TCTI_CONTEXT *context)
{
        return Tss2_Tcti_Cancel(capture_of(context)->real);
}

static TSS2_RC get_poll_handles(TSS2_TCTI_CONTEXT *context, TSS2_TCTI_POLL_HANDLE *handles,
                                size_t *count)
{
        return Tss2_Tcti_GetPollHandles(capture_of(context)->real, handles, count);
}

static TSS2_RC set_locality(TSS2_TCTI_CONTEXT *context, uint8_t locality)
{
        return Tss2_Tcti_SetLocality(capture_of(context)->real, locality);
}

static TSS2_RC make_sticky(TSS2_TCTI_CONTEXT *context, TPM2_HANDLE *handle, uint8_t sticky)
{
        return Tss2_Tcti_MakeSticky(capture_of(context)->real, handle, sticky);
}

void capture_init(struct capture *capture, TSS2_TCTI_CONTEXT *real)
{
        *capture = (struct capture){
                .common =
                        {
                                .v1 =
                                        {
                                                .magic = CAPTURE_MAGIC,
                                                .version = 2,
                                                .transmit = transmit,
                                                .receive = receive,
                                                .finalize = finalize,
                                                .cancel = cancel,
                                                .getPollHandles = get_poll_handles,
                                                .setLocality = set_locality,
                                        },
                                .makeSticky = make_sticky,
                        },
                .real = real,
        };
}

TSS2_TCTI_CONTEXT *capture_tcti(struct capture *capture)
{
        return (TSS2_TCTI_CONTEXT *)&capture->common;
}

int capture_parameters(const struct capture *capture, struct view *ret)
{
        struct reader reader = reader_init(view_of(capture->response, capture->size));
        uint16_t tag = reader_u16(&reader);
        uint32_t size = reader_u32(&reader), code = reader_u32(&reader);
        struct view parameters = reader_sized(&reader);

        if (reader.bad || tag != TPM2_ST_SESSIONS || size != capture->size || code != 0)
                return -EBADMSG;
        *ret = parameters;
        return 0;
}
