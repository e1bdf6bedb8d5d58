/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/token.h"

#include "lib/digest.h"

int operation_sign_message(struct operation *operation, struct view message)
{
        size_t size;

        operation->message = message;
        return digest_of_parts(operation->key->algorithm->hash, &message, 1, operation->digest,
                               &size);
}

struct view operation_signed(const struct operation *operation)
{
        const struct algorithm *algorithm = operation->key->algorithm;

        return algorithm_signs_messages(algorithm)
                       ? operation->message
                       : view_of(operation->digest, algorithm->digest_size);
}

void operation_queue_init(struct operation_queue *queue)
{
        *queue = (struct operation_queue){.end = &queue->first};
}

void operation_queue_push(struct operation_queue *queue, struct operation *operation)
{
        operation->next = NULL;
        *queue->end = operation;
        queue->end = &operation->next;
        queue->count++;
}

void operation_queue_unshift(struct operation_queue *queue, struct operation *operation)
{
        operation->next = queue->first;
        if (!queue->first)
                queue->end = &operation->next;
        queue->first = operation;
        queue->count++;
}

void operation_queue_remove(struct operation_queue *queue, struct operation *operation)
{
        struct operation **link = &queue->first;

        while (*link != operation)
                link = &(*link)->next;
        *link = operation->next;
        if (queue->end == &operation->next)
                queue->end = link;
        queue->count--;
}

struct operation *operation_queue_pop(struct operation_queue *queue)
{
        struct operation *operation = queue->first;

        if (operation)
                operation_queue_remove(queue, operation);
        return operation;
}
