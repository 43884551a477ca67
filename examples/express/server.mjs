// An Express site with Snug next to it. The site knows who is signed in; here everybody is whom the header X-User names.
import { Snug } from '@snug/client'
import { SnugService } from '@snug/client/service'
import express from 'express'

const { SNUG_URL: url, SNUG_SERVICE_KEY: key, PORT = '3000' } = process.env
const app = express()
const people = { grace: { email: 'grace@example.com' }, tom: { email: 'tom@example.com' } }
const signedIn = (request, response, next) => {
  request.user = request.get('x-user')
  if (people[request.user]) next()
  else response.status(401).end()
}

// snug: begin
const service = new SnugService({ url, key })

app.post('/sign-in', signedIn, async ({ user }, response) => {
  await service.users.put(user, { username: user, ...people[user] })
  response.redirect('/')
})
app.get('/snug/token', signedIn, async ({ user }, response) => {
  response.json(await service.tokens.create(user))
})
app.get('/', signedIn, async ({ user }, response) => {
  const snug = new Snug({ url, token: async () => (await service.tokens.create(user)).access_token })
  const { data } = await snug.communities.list()
  response.send(`Messages (${data.reduce((sum, community) => sum + community.unread_count, 0)})`)
})
// snug: end

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})
