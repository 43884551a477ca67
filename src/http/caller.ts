import type { FastifyRequest } from 'fastify'
import { Refused } from '../domain/refusal.ts'
import type { Queryable } from '../store/db.ts'
import { findUser, type UserRow } from '../store/users.ts'

/** Who calls, of a route that has checked the token. @throws {Refused} `unknown_user`: never told of, or erased */
export async function callerOf(db: Queryable, request: FastifyRequest): Promise<UserRow> {
  const user = await findUser(db, request.callerId)
  if (!user || user.erasedAt !== null) throw new Refused('unknown_user')
  return user
}
