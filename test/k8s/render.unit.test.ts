import { describe, expect, test } from 'vitest'
import type { JsonObject } from './project/read-yaml.ts'
import { applyOperations, type Operation } from './render/json-patch.ts'
import { merge } from './render/merge.ts'
import { render } from './render/render.ts'

const KUSTOMIZATION = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n'
const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: { name: a }
spec: { template: { spec: { containers: [{ name: one, image: "a/one", env: [{ name: X, value: "1" }] }, { name: two, image: "two:3" }] } } }
`

function rendered(kustomization: string, others: Readonly<Record<string, string>> = {}): unknown {
  return render(new Map(Object.entries({ 'x/kustomization.yaml': KUSTOMIZATION + kustomization, 'x/a.yaml': DEPLOYMENT, ...others })), 'x')
}

describe('the renderer', () => {
  test('adds the namespace to resources, but not to the namespace itself', () => {
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: ns }\n'
    expect(rendered('namespace: ns\nresources: [a.yaml, b.yaml]\n', { 'x/b.yaml': namespace })).toMatchObject([
      { metadata: { name: 'a', namespace: 'ns' } },
      { metadata: { name: 'ns' } },
    ])
  })

  test('sets the tags of the images that are named, and of no others', () => {
    const containers = [{ image: 'b/one:5' }, { image: 'two:3' }]
    expect(rendered('resources: [a.yaml]\nimages: [{ name: a/one, newName: b/one, newTag: "5" }]\n')).toMatchObject([
      { spec: { template: { spec: { containers } } } },
    ])
  })

  test('applies the patches of a component to the resources before it', () => {
    const component = 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{ path: p.yaml }]\n'
    const patch = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec: { replicas: 3 }\n'
    const others = { 'c/kustomization.yaml': component, 'c/p.yaml': patch }
    expect(rendered('resources: [a.yaml]\ncomponents: [../c]\n', others)).toMatchObject([{ spec: { replicas: 3, template: {} } }])
  })

  test('creates config maps from files', () => {
    const generator = 'configMapGenerator: [{ name: m, namespace: ns, files: [k=f.txt], options: { disableNameSuffixHash: true } }]\n'
    expect(rendered(generator, { 'x/f.txt': 'hello' })).toMatchObject([
      { kind: 'ConfigMap', metadata: { name: 'm', namespace: 'ns' }, data: { k: 'hello' } },
    ])
  })
})

describe('a merge', () => {
  const base: JsonObject = { keep: 1, gone: 2, containers: [{ name: 'a', image: 'x', args: ['1'] }] }
  const patch: JsonObject = { gone: null, containers: [{ name: 'a', args: ['2'] }, { name: 'b' }] }

  test('merges the items of pods by their keys', () => {
    expect(merge(base, patch, true)).toEqual({ keep: 1, containers: [{ name: 'b' }, { name: 'a', image: 'x', args: ['2'] }] })
  })

  test('replaces the lists of custom resources', () => {
    expect(merge(base, patch, false)).toEqual({ keep: 1, containers: [{ name: 'a', args: ['2'] }, { name: 'b' }] })
  })
})

describe('a patch by operations', () => {
  const document = { a: { 'b/c': [1, 2] } }

  test.each<[Operation, unknown]>([
    [{ op: 'add', path: '/a/d', value: 3 }, { a: { 'b/c': [1, 2], d: 3 } }],
    [{ op: 'add', path: '/a/b~1c/0', value: 3 }, { a: { 'b/c': [3, 1, 2] } }],
    [{ op: 'add', path: '/a/b~1c/-', value: 3 }, { a: { 'b/c': [1, 2, 3] } }],
    [{ op: 'replace', path: '/a/b~1c/1', value: 3 }, { a: { 'b/c': [1, 3] } }],
    [{ op: 'remove', path: '/a/b~1c/0' }, { a: { 'b/c': [2] } }],
    [{ op: 'remove', path: '/a' }, {}],
  ])('does %j', (operation, expected) => expect(applyOperations(document, [operation])).toEqual(expected))

  test.each<Operation>([
    { op: 'replace', path: '/a/d', value: 3 },
    { op: 'add', path: '/d/e', value: 3 },
    { op: 'remove', path: '/a/b~1c/2' },
    { op: 'add', path: '/a/b~1c/3', value: 3 },
  ])('refuses %j, whose path does not exist', operation => expect(() => applyOperations(document, [operation])).toThrow(operation.path))
})
