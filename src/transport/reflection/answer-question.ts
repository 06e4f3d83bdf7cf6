import { Code } from '@connectrpc/connect'
import type { ServerReflectionRequest as V1 } from '../../gen/grpc/reflection/v1/reflection_pb.ts'
import type { ServerReflectionRequest as V1Alpha } from '../../gen/grpc/reflection/v1alpha/reflection_pb.ts'
import { shownText } from '../../runtime/shown-text.ts'
import type { FileIndex, Files } from './file-index.ts'

export type Question = (V1 | V1Alpha)['messageRequest']
export type Answer =
  | { case: 'fileDescriptorResponse'; value: { fileDescriptorProto: Uint8Array[] } }
  | { case: 'allExtensionNumbersResponse'; value: { baseTypeName: string } }
  | { case: 'listServicesResponse'; value: { service: { name: string }[] } }
  | { case: 'errorResponse'; value: { errorCode: number; errorMessage: string } }

/** Answers one question of a reflection client. Ping declares no extensions. */
export function answerQuestion(index: FileIndex, question: Question): Answer {
  switch (question.case) {
    case 'listServices':
      return { case: 'listServicesResponse', value: { service: index.services.map(name => ({ name })) } }
    case 'fileByFilename':
      return files(index.fileByName(question.value), `file ${shownText(question.value)}`)
    case 'fileContainingSymbol':
      return files(index.fileBySymbol(question.value), `symbol ${shownText(question.value)}`)
    case 'fileContainingExtension':
      return notFound(`extension ${question.value.extensionNumber} of ${shownText(question.value.containingType)}`)
    case 'allExtensionNumbersOfType':
      if (!index.hasMessage(question.value)) return notFound(`message ${shownText(question.value)}`)
      return { case: 'allExtensionNumbersResponse', value: { baseTypeName: question.value } }
    default:
      return failed(Code.InvalidArgument, 'message_request: got none, expected one of its fields')
  }
}

function files(found: Files | undefined, what: string): Answer {
  if (found === undefined) return notFound(what)
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto: [...found] } }
}

function notFound(what: string): Answer {
  return failed(Code.NotFound, `${what} not found`)
}

function failed(errorCode: Code, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } }
}
