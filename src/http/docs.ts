import type { Api } from './api.ts'

/** The API's own description: the OpenAPI document. */
export function openApiDocument({ app }: Pick<Api, 'app'>) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Tidemark',
      version: '1',
      description: 'What you are worth, and how it got there.',
    },
  })
}

export function serveDocs(api: Api): void {
  const { app } = api
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An access token of POST /v1/tokens, or an API key.',
  })
  let document: string | undefined
  app.get('/openapi.json', (c) => {
    document ??= JSON.stringify(openApiDocument(api))
    return c.body(document, 200, { 'content-type': 'application/json' })
  })
}
