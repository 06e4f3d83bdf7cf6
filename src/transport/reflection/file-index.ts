import { toBinary, type DescFile, type DescService } from '@bufbuild/protobuf'
import { nestedTypes } from '@bufbuild/protobuf/reflect'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'

/** Serialized files: first the requested one, then all its dependencies. */
export type Files = readonly Uint8Array[]

/** What a reflection client can ask about a set of services. */
export interface FileIndex {
  readonly services: readonly string[]
  fileByName(name: string): Files | undefined
  /** `name` is the full name of a service, method, message, enum or extension. */
  fileBySymbol(name: string): Files | undefined
  hasMessage(name: string): boolean
}

export function indexFiles(services: readonly DescService[]): FileIndex {
  const files = new Map<string, DescFile>()
  for (const { file } of services) addWithImports(files, file)
  const symbols = new Map<string, DescFile>()
  const messages = new Set<string>()
  for (const file of files.values()) {
    for (const type of nestedTypes(file)) {
      symbols.set(type.typeName, file)
      if (type.kind === 'message') messages.add(type.typeName)
      if (type.kind === 'service') for (const method of type.methods) symbols.set(`${type.typeName}.${method.name}`, file)
    }
  }
  return {
    services: services.map(service => service.typeName),
    fileByName: name => serialized(files.get(name)),
    fileBySymbol: name => serialized(symbols.get(name)),
    hasMessage: name => messages.has(name),
  }
}

function addWithImports(files: Map<string, DescFile>, file: DescFile): void {
  if (files.has(file.proto.name)) return
  files.set(file.proto.name, file)
  for (const needed of file.dependencies) addWithImports(files, needed)
}

function serialized(file: DescFile | undefined): Files | undefined {
  if (file === undefined) return undefined
  const files = new Map<string, DescFile>()
  addWithImports(files, file)
  return [...files.values()].map(one => toBinary(FileDescriptorProtoSchema, one.proto))
}
