// A page of a host's with the inbox in it. The site knows who is signed in; here everybody is whom the cookie `user` names.
import { SnugService } from '@snug/client/service'
import express from 'express'

const { SNUG_URL: url, SNUG_SERVICE_KEY: key, PORT = '3000', COMMUNITY = 'whisky-club' } = process.env
const service = new SnugService({ url, key })
const app = express()
const userOf = (request) => /(?:^|; )user=([\w.~-]+)/.exec(request.get('cookie') ?? '')?.[1]

app.get('/snug/token', async (request, response) => {
  const user = userOf(request)
  if (user) response.json(await service.tokens.create(user))
  else response.status(401).end()
})

app.get('/', (_request, response) => {
  // What a strict page needs: Snug's script, and its API with the live stream.
  const live = url.replace(/^http/, 'ws')
  response.set(
    'content-security-policy',
    `default-src 'self'; script-src ${url}; connect-src 'self' ${url} ${live}; style-src 'sha256-${STYLE_HASH}'`,
  )
  response.type('html').send(PAGE)
})

const STYLE = `snug-inbox { height: 36rem; border: 1px solid #ccc; --snug-accent: #2f5d50; --snug-chosen: #e0ece7; }`
const STYLE_HASH = Buffer.from(
  await crypto.subtle.digest('SHA-256', new TextEncoder().encode(STYLE)),
).toString('base64')
const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The club</title>
<style>${STYLE}</style>
<h1>The club</h1>
<snug-inbox community="${COMMUNITY}" token-url="/snug/token" theme="light"></snug-inbox>
<script src="${url}/embed.js" defer></script>
</html>
`

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})
