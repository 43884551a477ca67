import type { FastifyInstance } from 'fastify'
import { Device, DeviceBody, DeviceList, DeviceQuery, PublicKey } from '../../../contract/notifications.ts'
import { registerDevice } from '../../actions/register-device.ts'
import { Refused } from '../../domain/refusal.ts'
import { wireTime } from '../../presenters/times.ts'
import type { Db } from '../../store/db.ts'
import { type DeviceRow, devicesOfUser, removeDevice } from '../../store/devices.ts'
import { readDevice } from '../../validation/device.ts'
import { callerOf } from '../caller.ts'
import { faultsOf } from '../faults.ts'
import { operation } from '../operation.ts'
import { hasMore, pagingOf } from '../paging.ts'
import { hostId } from '../path.ts'

const tag = 'Notifications'
const params = { id: "The client's own name for the device: 1 to 64 of A-Z a-z 0-9 . _ ~ -" }

const operations = {
  key: operation({
    tag,
    summary: 'Read the key that web push subscriptions are made with',
    answers: { 200: PublicKey },
  }),
  list: operation({
    tag,
    summary: "List the caller's devices",
    description: 'The one that was registered last is the first.',
    query: DeviceQuery,
    answers: { 200: DeviceList },
  }),
  put: operation({
    tag,
    summary: 'Register a device',
    description:
      'To be done at every start of the client: of more than 20 devices those go that have not been registered for the longest. A device belongs to one user at a time: one that somebody else had, by its id or by its endpoint or token, is the caller’s from now on.',
    params,
    body: DeviceBody,
    answers: { 200: Device },
  }),
  remove: operation({
    tag,
    summary: 'Remove a device',
    description: 'One that is not there, or is not the caller’s, is answered the same and left alone.',
    params,
    answers: { 204: { type: 'null', description: 'Removed' } },
  }),
}

export interface DevicesDeps {
  readonly db: Db
  /** Base64url. */
  readonly vapidPublicKey: string
  /** Ranges (CIDR) that a web push endpoint may lie in although they are not public. */
  readonly webPushAllow: readonly string[]
}

type Path = { Params: { id: string } }

/** The devices that a push goes to: CONTRACT §5. */
export function deviceRoutes(app: FastifyInstance, { db, vapidPublicKey, webPushAllow }: DevicesDeps): void {
  app.get('/api/v1/push/public_key', operations.key, async (request) => {
    await callerOf(db, request)
    return { public_key: vapidPublicKey }
  })

  app.get<{ Querystring: DeviceQuery }>('/api/v1/devices', operations.list, async (request) => {
    const user = await callerOf(db, request)
    const faults = faultsOf(request)
    if (faults.length > 0) throw new Refused('invalid', faults)
    const paging = pagingOf(request.query)
    const { total, rows } = await devicesOfUser(db, user.key, paging.limit, paging.offset)
    return { total, has_more: hasMore(paging, total), data: rows.map(presentDevice) }
  })

  app.put<Path & { Body: Record<string, unknown> }>(
    '/api/v1/devices/:id',
    operations.put,
    async (request) => {
      const user = await callerOf(db, request)
      const { id } = request.params
      const read = readDevice(request.body, webPushAllow)
      const faults = [...(hostId(id) === '' ? ['Device is invalid'] : []), ...read.faults]
      if (!('device' in read) || faults.length > 0) throw new Refused('invalid', faults)
      return presentDevice(await registerDevice(db, user.id, id, read.device))
    },
  )

  app.delete<Path>('/api/v1/devices/:id', operations.remove, async (request, reply) => {
    const user = await callerOf(db, request)
    await removeDevice(db, user.key, hostId(request.params.id))
    return reply.code(204).send()
  })
}

/** Neither the endpoint nor a key leaves: whoever has them all can push in our place. */
function presentDevice(row: DeviceRow): Device {
  const { id, platform } = row
  return { id, platform, created_at: wireTime(row.createdAt), updated_at: wireTime(row.updatedAt) }
}
