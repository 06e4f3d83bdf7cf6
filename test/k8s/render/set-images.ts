import type { IKustomization } from '../kinds/kustomization.ts'
import { isObject, type Json, type Resource } from '../project/read-yaml.ts'

type Images = NonNullable<IKustomization['images']>

/** A copy in which the images of all containers have the given names and tags. */
export function setImages(resource: Resource, images: Images): Resource {
  return images.length === 0 ? resource : (within(resource as unknown as Json, images) as unknown as Resource)
}

function within(value: Json, images: Images): Json {
  if (Array.isArray(value)) return value.map(item => within(item, images))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const isContainers = (name === 'containers' || name === 'initContainers') && Array.isArray(inner)
      return [name, isContainers ? inner.map(container => withImage(container, images)) : within(inner, images)]
    }),
  )
}

function withImage(container: Json, images: Images): Json {
  if (!isObject(container)) return container
  const name = String(container['image']).replace(/[:@][^/]*$/, '')
  const image = images.find(other => other.name === name)
  return image ? { ...container, image: `${image.newName ?? name}:${image.newTag}` } : container
}
