/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a folder takes of the disk, with each file in blocks of 4096 bytes, wherever it lies.
 */

#include <ftw.h>
#include <stdint.h>
#include <sys/stat.h>

#define OCCUPIED_BLOCK ((uint64_t)4096)

static uint64_t occupied_sum;

static int occupied_add(const char *path, const struct stat *status, int type, struct FTW *place)
{
        uint64_t size = (uint64_t)status->st_size;

        /* Names that go while they are read take nothing. */
        if (type == FTW_F || type == FTW_D)
                occupied_sum += (size + OCCUPIED_BLOCK - 1) / OCCUPIED_BLOCK * OCCUPIED_BLOCK;
        return 0;
}

static uint64_t occupied_by(const char *path)
{
        occupied_sum = 0;
        return nftw(path, occupied_add, 16, FTW_PHYS) == 0 ? occupied_sum : UINT64_MAX;
}
