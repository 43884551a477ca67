/** The words of every refusal (CONTRACT §1 to §5). One table, so that they cannot differ between causes. */
export interface RefusalWords {
  readonly status: 401 | 403 | 404 | 409 | 422
  /** A list where the platform's clients expect one. */
  readonly message: string | readonly string[]
  /** The field that holds them, where the platform's clients expect another than `message`. */
  readonly field?: 'error'
}

export const refusals = {
  unknown_user: { status: 401, message: 'Unknown User' },
  not_found: { status: 404, message: 'Not Found' },
  cannot_send: { status: 403, message: ['You cannot send messages to this user'] },
  cannot_view: { status: 403, message: ['You cannot view messages with this user'] },
  not_a_member: { status: 403, message: ['You are not a member of this community'] },
  no_access_to_message: { status: 403, message: 'You do not have access to this message' },
  not_your_message: { status: 403, message: 'You can only delete your own messages' },
  not_the_last_message: { status: 403, message: 'You can only delete the last message in a conversation' },
  key_used_for_another: { status: 409, message: ['Idempotency-Key was used for another message'] },
  sent_then_deleted: { status: 409, message: ['The message was sent and then deleted'] },
  not_the_creator: { status: 403, message: "You don't have permission to view community members" },
  not_for_insights: { status: 403, message: "You don't have permission to view insights" },
  already_blocked: { status: 422, message: 'User is already blocked' },
  not_blocked: { status: 422, message: 'User is not blocked' },
  creator_cannot_be_blocked: { status: 422, message: 'The creator cannot be blocked' },
  not_your_settings: { status: 403, message: 'You can only update your own settings', field: 'error' },
  invalid_setting_key: { status: 422, message: 'Invalid setting key', field: 'error' },
  invalid_setting_value: { status: 422, message: 'Failed to update setting', field: 'error' },
} as const satisfies Record<string, RefusalWords>

export const errors = {
  invalidJson: 'Invalid JSON',
  missingToken: 'Missing Token',
  invalidToken: 'Invalid Token',
  expiredToken: 'Token has expired',
  notFound: 'Not Found',
  tooLarge: 'Payload Too Large',
  tooMany: 'Too Many Requests',
  internal: 'Internal Server Error',
  unavailable: 'Service Unavailable',
} as const
