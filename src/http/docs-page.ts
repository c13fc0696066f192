import { createHash } from 'node:crypto'

/** What of an OpenAPI document the page shows. */
interface Document {
  info: { title: string; version: string; description?: string }
  paths: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, Schema> }
}

interface Operation {
  operationId?: string
  summary?: string
  description?: string
  tags?: string[]
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>
  'x-scopes'?: string[]
}

interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  enum?: unknown[]
  const?: unknown
  default?: unknown
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  additionalProperties?: boolean | Schema
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dee4, #353c44); --soft: light-dark(#57606a, #9aa4ae); --back: light-dark(#f6f8fa, #161b22); --link: light-dark(#0550ae, #79c0ff); }
* { box-sizing: border-box }
body { margin: 0; font: 15px/1.55 system-ui, sans-serif; color: light-dark(#1f2328, #e6edf3); background: light-dark(#fff, #0d1117) }
.page { display: grid; grid-template-columns: 17rem minmax(0, 52rem); gap: 3rem; max-width: 76rem; margin: 0 auto; padding: 0 1.5rem 6rem }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 2rem 0; font-size: 14px }
nav h2 { margin: 1.2rem 0 .2rem; font-size: 12px; letter-spacing: .06em; text-transform: uppercase; color: var(--soft) }
nav a { display: block; padding: .12rem 0 } a { color: var(--link); text-decoration: none } a:hover { text-decoration: underline }
header { padding-top: 2rem; grid-column: 2 } nav { grid-column: 1; grid-row: 1 / span 2 } main { grid-column: 2; min-width: 0; margin-top: -3rem } h1 { margin: 0; font-size: 1.9rem } main > h2 { margin: 3rem 0 1rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line) }
article { margin: 0 0 2rem; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 8px; scroll-margin-top: 1rem }
article h3 { margin: 0; font: 600 15px/1.5 ui-monospace, monospace; overflow-wrap: anywhere } article > p { margin: .5rem 0 }
.method { display: inline-block; min-width: 4.2rem; text-transform: uppercase; color: var(--soft) }
.scope { font-size: 13px; color: var(--soft) } h4 { margin: 1rem 0 .3rem; font-size: 13px; color: var(--soft) }
table { width: 100%; border-collapse: collapse; font-size: 14px } td { padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); vertical-align: top }
td:first-child { width: 12rem; white-space: nowrap } code, pre { font: 13px/1.5 ui-monospace, monospace }
pre { margin: .3rem 0; padding: .7rem .9rem; overflow-x: auto; background: var(--back); border-radius: 6px }
summary { cursor: pointer; font-size: 14px } details { margin-top: .4rem } .soft { color: var(--soft) }
@media (max-width: 60rem) { .page { grid-template-columns: minmax(0, 1fr); gap: 0 } header, nav, main { grid-column: 1; grid-row: auto; margin: 0 } nav { position: static; max-height: none; padding: 0 } td:first-child { width: auto; white-space: normal } }
`

/** Only the page's own style is let in: no script, nothing from another host. */
export const docsPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The document as one page of HTML. */
export function renderDocs(document: Document): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? 'Other'))]
  const of = (tag: string) => operations.filter(({ operation }) => (operation.tags?.[0] ?? 'Other') === tag)
  const nav = tags
    .map((tag) => {
      const links = of(tag).map(
        ({ operation }) => `<a href="#${html(operation.operationId)}">${html(operation.summary)}</a>`,
      )
      return `<h2>${html(tag)}</h2>${links.join('')}`
    })
    .join('')
  const main = tags
    .map(
      (tag) =>
        `<h2>${html(tag)}</h2>${of(tag)
          .map((each) => renderOperation(each, document))
          .join('')}`,
    )
    .join('')
  const schemas = Object.entries(document.components?.schemas ?? {})
    .map(
      ([name, schema]) =>
        `<article id="schema-${html(name)}"><h3>${html(name)}</h3>${schemaBlock(schema)}</article>`,
    )
    .join('')
  const { title, version, description } = document.info
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${html(title)} API</title><style>${style}</style></head><body><div class="page"><header><h1>${html(title)} API</h1><p class="soft">Version ${html(version)}. The same as <a href="/openapi.json">OpenAPI 3.1</a>.</p>${paragraphs(description)}</header><nav aria-label="Operations">${nav}</nav><main>${main}<h2>Schemas</h2>${schemas}</main></div></body></html>`
}

function renderOperation(
  { path, method, operation }: { path: string; method: string; operation: Operation },
  document: Document,
): string {
  const scopes = operation['x-scopes']
  const access = scopes ? `Scope: ${scopes.join(' or ')}.` : 'Open to everybody.'
  const parameters = operation.parameters?.map(
    ({ name, in: place, required, schema, description }) =>
      `<tr><td><code>${html(name)}</code>${required ? '' : ' <span class="soft">optional</span>'}<br><span class="soft">${html(place)}</span></td><td><code>${html(typeText(schema, 0))}</code>${limits(schema)} ${html(description ?? schema.description)}</td></tr>`,
  )
  const bodies = Object.entries(operation.requestBody?.content ?? {}).map(
    ([type, { schema }]) => `<h4>Body, ${html(type)}</h4>${schemaBlock(schema)}`,
  )
  const answers = Object.entries(operation.responses)
  const isRefusal = ([status]: (typeof answers)[number]) => Number(status) >= 400
  const refusals = answers
    .filter(isRefusal)
    .map(([status, { description }]) => `<p><code>${html(status)}</code> ${code(description)}</p>`)
  const responses = answers
    .filter((answer) => !isRefusal(answer))
    .map(([status, { description, content }]) => {
      const [, body] = Object.entries(content ?? {})[0] ?? []
      const head = `<code>${html(status)}</code> ${code(description)}`
      if (!body) return `<p>${head}</p>`
      return `<details><summary>${head}</summary>${schemaBlock(body.schema, document)}</details>`
    })
  return `<article id="${html(operation.operationId)}"><h3><span class="method">${html(method)}</span>${html(path)}</h3><p>${html(operation.summary)}. <span class="scope">${html(access)}</span></p>${paragraphs(operation.description)}${parameters ? `<h4>Parameters</h4><table>${parameters.join('')}</table>` : ''}${bodies.join('')}<h4>Answers</h4>${responses.join('')}<details><summary>Refusals</summary>${refusals.join('')}</details></article>`
}

function schemaBlock(schema: Schema, document?: Document): string {
  const name = schema.$ref?.split('/').at(-1)
  const shown = (name !== undefined && document?.components?.schemas?.[name]) || schema
  return `<pre>${linked(html(typeText(shown, 0)))}</pre>`
}

/** Names of schemas become links to them. */
function linked(text: string): string {
  return text.replace(/#([A-Za-z]\w*)/g, '<a href="#schema-$1">$1</a>')
}

/** A schema in the manner of a TypeScript type; names of schemas begin with #. */
function typeText(schema: Schema, depth: number): string {
  if (schema.$ref) return `#${schema.$ref.split('/').at(-1)}`
  const several = schema.anyOf ?? schema.oneOf
  if (several) return several.map((each) => typeText(each, depth)).join(' | ')
  if (schema.allOf) return schema.allOf.map((each) => typeText(each, depth)).join(' & ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(' | ')
  const types = [schema.type ?? 'any'].flat()
  return types.map((type) => oneType(type, schema, depth)).join(' | ')
}

function oneType(type: string, schema: Schema, depth: number): string {
  if (type === 'array') {
    const item = schema.items ? typeText(schema.items, depth) : 'any'
    return / [|&] /.test(item) ? `(${item})[]` : `${item}[]`
  }
  if (type === 'object' && schema.properties) {
    const indent = '  '.repeat(depth + 1)
    const fields = Object.entries(schema.properties).map(([name, field]) => {
      const note = field.description === undefined ? '' : `  // ${field.description}`
      return `${indent}${name}${schema.required?.includes(name) ? '' : '?'}: ${typeText(field, depth + 1)}${note}`
    })
    return `{\n${fields.join('\n')}\n${'  '.repeat(depth)}}`
  }
  return schema.format ? `${type} (${schema.format})` : type
}

function limits({ minimum, maximum, minLength, maxLength, default: usual }: Schema): string {
  const parts = [
    minimum !== undefined && `from ${minimum}`,
    maximum !== undefined && `to ${maximum}`,
    minLength !== undefined && `at least ${minLength} characters`,
    maxLength !== undefined && `at most ${maxLength} characters`,
    usual !== undefined && `default ${JSON.stringify(usual)}`,
  ].filter((part) => part !== false)
  return parts.length === 0 ? '' : ` <span class="soft">${html(parts.join(', '))}.</span>`
}

function paragraphs(text: string | undefined): string {
  return (text ?? '')
    .split('\n\n')
    .filter((part) => part !== '')
    .map((part) => `<p>${code(part)}</p>`)
    .join('')
}

function code(text: string): string {
  return html(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

function html(text: string | undefined): string {
  return (text ?? '').replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
