import type { Api } from './api.ts'
import { docsPolicy, renderDocs } from './docs-page.ts'
import { responseHeaders } from './response-headers.ts'

const description = `What you are worth, at any date, exactly, and how it got there.

Amounts are decimal strings, exact; ids are strings; days are days of the calendar, YYYY-MM-DD. Fields and parameters that are not known are refused. Errors are application/problem+json (RFC 9457) with a stable \`type\`. Every answer has an \`X-Request-Id\`; all but those of operations say by \`RateLimit\` what is left of the caller’s minute. Beside what an operation lists, another method is answered with 405, and a header beyond what is read with 431.

Send \`Authorization: Bearer …\` with an access token of POST /v1/tokens, which is good for five minutes, or with an API key. Scope \`admin\` holds \`write\`, which holds \`read\`; \`service\` stands apart.

A POST with an \`Idempotency-Key\` may be sent again: it has its effect once, and the same answer, for two days.`

/** The API's own description: the OpenAPI document, made from the schemas that validate. */
export function openApiDocument({ app }: Pick<Api, 'app'>): ReturnType<Api['app']['getOpenAPI31Document']> {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Tidemark', version: '1', description },
    servers: [{ url: '/' }],
  })
  if (Object.keys(document.webhooks ?? {}).length === 0) delete document.webhooks
  return document
}

export function serveDocs(api: Api): void {
  const { app } = api
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An access token of POST /v1/tokens, or an API key.',
  })
  for (const [name, header] of Object.entries(responseHeaders))
    app.openAPIRegistry.registerComponent('headers', name, header as never)
  let made: { json: string; html: string } | undefined
  const make = () => {
    const document = openApiDocument(api)
    made ??= { json: JSON.stringify(document), html: renderDocs(document as never) }
    return made
  }
  app.get('/openapi.json', (c) => c.body(make().json, 200, { 'content-type': 'application/json' }))
  app.get('/docs', (c) =>
    c.body(make().html, 200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': docsPolicy,
      'referrer-policy': 'no-referrer',
    }),
  )
}
