import { spawnSync } from 'node:child_process'
import { environment } from '../../../local/environment.ts'

/** What a parser of XML reads from a badge. */
export interface ParsedSvg {
  readonly root: Readonly<Record<string, string>>
  readonly title: string
  /** The names of all elements, without their namespace. */
  readonly elements: readonly string[]
  readonly texts: readonly { readonly text: string; readonly x: number; readonly width: number }[]
}

const PARSE = `
import json, sys, xml.etree.ElementTree as ET
SVG = '{http://www.w3.org/2000/svg}'
def parse(text):
    root = ET.fromstring(text)
    texts = [dict(text=t.text, x=float(t.get('x')), width=float(t.get('textLength'))) for t in root.iter(SVG + 'text')]
    return dict(root=root.attrib, title=root.find(SVG + 'title').text, elements=[e.tag.replace(SVG, '') for e in root.iter()], texts=texts)
print(json.dumps([parse(text) for text in json.load(sys.stdin)]))
`

/** Parses badges with expat, by Python. Throws if one is not well-formed XML. */
export function parseSvgs(svgs: readonly string[]): readonly ParsedSvg[] {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', PARSE], {
    input: JSON.stringify(svgs),
    encoding: 'utf8',
    env: environment(),
  })
  if (status !== 0) throw new Error(`not well-formed: ${stderr}`)
  return JSON.parse(stdout) as readonly ParsedSvg[]
}
