import { create } from '@bufbuild/protobuf'
import {
  GetCommandResponseSchema,
  GetResourceResponseSchema,
  ListQueueResponseSchema,
  ListResourcesResponseSchema,
  type GetCommandRequest,
  type GetCommandResponse,
  type GetResourceRequest,
  type GetResourceResponse,
  type ListQueueRequest,
  type ListQueueResponse,
  type ListResourcesRequest,
  type ListResourcesResponse,
} from '../../src/gen/semaphore/v1/semaphore_pb.ts'
import type { Handler } from '../../src/transport/rpc/call.ts'
import type { SemaphoreQuestions } from '../calls/semaphore-questions.ts'
import { commandMessage, resourceMessage } from './messages.ts'
import { requestedCommand, requestedPage, requestedResource } from './requested.ts'

/** The handlers of methods that only read. */

export function createGetResource(questions: SemaphoreQuestions): Handler<GetResourceRequest, GetResourceResponse> {
  return async ({ resourceId }) =>
    create(GetResourceResponseSchema, { resource: resourceMessage(await questions.resource(requestedResource(resourceId))) })
}

export function createGetCommand(questions: SemaphoreQuestions): Handler<GetCommandRequest, GetCommandResponse> {
  return async ({ commandId }) => {
    const command = await questions.command(requestedCommand(commandId))
    const { payload, ahead } = command
    return create(GetCommandResponseSchema, {
      command: commandMessage(command),
      ...(payload !== undefined && { payload }),
      ...(ahead !== undefined && { ahead: BigInt(ahead) }),
    })
  }
}

export function createListQueue(questions: SemaphoreQuestions): Handler<ListQueueRequest, ListQueueResponse> {
  return async request => {
    const { items, next = '' } = await questions.queue(requestedResource(request.resourceId), requestedPage(request))
    return create(ListQueueResponseSchema, { commands: items.map(commandMessage), nextPageToken: next })
  }
}

export function createListResources(questions: SemaphoreQuestions): Handler<ListResourcesRequest, ListResourcesResponse> {
  return async request => {
    const { items, next = '' } = await questions.resources(requestedPage(request))
    return create(ListResourcesResponseSchema, { resources: items.map(resourceMessage), nextPageToken: next })
  }
}
