import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { withExamples } from './examples.ts'

const DESCRIPTION = `Private messaging between a community's creator and its members.

Bodies are JSON in UTF-8, times are UTC in whole seconds, ids of users and communities are the host platform's own. Every error is
\`{"message": …}\`: one sentence, or a list of every fault found. Every answer carries \`X-Request-Id\`.`

// The package's own policy allows its makers' server, and has the page's parts fetched by TLS, which may not be there.
const DOCS_POLICY =
  "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'self'; object-src 'none'"

/** Serves /openapi.json, made from the routes' own schemas, and /docs, a page that loads nothing from elsewhere. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Snug',
        version: '1.0.0',
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'Messages', description: 'Conversations, threads and messages' },
        { name: 'Stream', description: 'What happens, as it happens' },
        { name: 'Communities', description: "The caller's communities" },
        { name: 'Members', description: "For a community's creator" },
        { name: 'Notifications', description: "The caller's settings and devices" },
        { name: 'Service', description: 'For the host platform' },
        { name: 'Operations', description: 'For operators and their tools' },
      ],
      components: {
        securitySchemes: {
          userToken: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: "The user's token: `sub` is the user's id, `exp` is required",
          },
          serviceKey: { type: 'http', scheme: 'bearer', description: "The host platform's service key" },
        },
      },
    },
    transformObject: (document) =>
      'openapiObject' in document ? withExamples(document.openapiObject) : document.swaggerObject,
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    // The validator's badge is loaded from its makers' server.
    uiConfig: { validatorUrl: null, docExpansion: 'list', persistAuthorization: false },
    theme: { title: 'Snug API' },
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
