import { ofKind } from '../cluster/of-kind.ts'
import type { Release } from '../kinds/skaffold.ts'
import type { IStrimziValues } from '../kinds/strimzi-values.ts'
import type { Project } from '../project/project.ts'
import type { Check } from './check.ts'

const EXACT = /^v?\d+\.\d+\.\d+$/

/** What the operators are installed with, without which their pods never come or move under our feet. */
export const operators: Check = {
  title: 'install exact versions of the operators, whose pods meet restricted pod security',
  find: ({ documents, skaffold, renderings }: Project) => {
    const releases = skaffold.flatMap(({ config }) => config.deploy?.helm?.releases ?? [])
    const values = documents.find(({ path }) => path === 'k8s/operators/strimzi-values.yaml')?.value as unknown as
      | IStrimziValues
      | undefined
    const provider = values?.extraEnvs.find(({ name }) => name === 'STRIMZI_POD_SECURITY_PROVIDER_CLASS')?.value
    const kafkas = renderings.flatMap(({ resources }) => ofKind(resources, 'Kafka'))
    return [
      ...releases.flatMap(ofRelease),
      ...(provider === 'restricted'
        ? []
        : [`strimzi-values.yaml: got STRIMZI_POD_SECURITY_PROVIDER_CLASS ${provider}, expected restricted: Kafka would get no pod`]),
      ...(values?.watchAnyNamespace === true
        ? []
        : ['strimzi-values.yaml: got no watchAnyNamespace, expected true: the operator would not see namespace ping']),
      ...new Set(
        kafkas
          .filter(({ spec }) => !EXACT.test(spec?.kafka.version ?? '') || spec?.kafka.metadataVersion === undefined)
          .map(
            ({ metadata, spec }) =>
              `Kafka ${metadata.name}: got version ${spec?.kafka.version}, metadataVersion ${spec?.kafka.metadataVersion}, expected both`,
          ),
      ),
    ]
  },
}

function ofRelease({ name, version, upgradeOnChange, valuesFiles = [] }: Release): readonly string[] {
  return [
    ...(EXACT.test(version ?? '') ? [] : [`chart ${name}: got version ${version}, expected an exact one`]),
    ...(upgradeOnChange ? [] : [`chart ${name}: got no upgradeOnChange, expected true: a new version would not be installed`]),
    ...(name !== 'strimzi' || valuesFiles.includes('strimzi-values.yaml')
      ? []
      : ['chart strimzi: got no strimzi-values.yaml, expected it']),
  ]
}
