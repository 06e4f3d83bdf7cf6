import type { UniversalHandler } from '@connectrpc/connect/protocol'

/** One parameter: its name, and its value with or without quotes. */
const PARAMETER = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"([^"\\]*)"|([^\s";]+))\s*$/
const UTF8: readonly string[] = ['utf-8', 'utf8']
const WEB_TEXT = /^application\/grpc-web-text\b/i

/** How to read a request's body. */
export interface BodyType {
  /** The content-type as the handler knows it. */
  readonly contentType: string
  /** The body is base64: `application/grpc-web-text`. */
  readonly isText: boolean
}

/**
 * The type of a body, or undefined if the handler cannot read it. Parameters are ignored, in any case and quoting, unless they
 * name a charset other than UTF-8.
 */
export function bodyType(handler: UniversalHandler, contentType: string | undefined): BodyType | undefined {
  if (contentType === undefined) return undefined
  const isText = WEB_TEXT.test(contentType)
  if (!isText && handler.supportedContentType(contentType)) return { contentType, isText }
  const plain = withoutParameters(contentType)
  if (plain === undefined || !handler.supportedContentType(plain)) return undefined
  return { contentType: isText ? plain.replace(/-text/i, '') : plain, isText }
}

function withoutParameters(contentType: string): string | undefined {
  const [type = '', ...parameters] = contentType.split(';')
  for (const parameter of parameters) {
    if (parameter.trim() === '') continue
    const [, name, quoted, plain = quoted ?? ''] = PARAMETER.exec(parameter) ?? []
    if (name === undefined) return undefined
    if (name.toLowerCase() === 'charset' && !UTF8.includes(plain.toLowerCase())) return undefined
  }
  return type.trim().toLowerCase()
}
