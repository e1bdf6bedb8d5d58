/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Containers, pods and jobs, as runtimes name their control groups. Private to agent/caller*.c.
 *
 * Only what root alone can make is believed: a scope or a slice of PID 1, or a path counted from
 * the root of the hierarchy. What follows belongs to whoever runs there.
 */

#include "agent/caller.h"

/* Takes the next part of a path that begins with "/" off its front; empty at its end. */
struct view path_next(struct view *path);

/* @path is that of the unit's hierarchy; @ret has its unit and slice already. */
void workload_from_path(struct view path, struct caller_place *ret);

/* The Slurm job in a path of another hierarchy of cgroup v1: "/slurm/uid_N/job_N/…". 0 when there
 * is none. */
int workload_job_of_v1(struct view path, char ret[CALLER_ID_SIZE]);
