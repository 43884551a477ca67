/** Why something is refused. The words and the status of each stand in contract/errors.ts. */
export type Reason =
  | 'unknown_user'
  | 'not_found'
  | 'invalid'
  | 'cannot_send'
  | 'cannot_view'
  | 'not_a_member'
  | 'no_access_to_message'
  | 'not_your_message'
  | 'not_the_last_message'
  | 'key_used_for_another'
  | 'sent_then_deleted'
  | 'not_the_creator'
  | 'not_for_insights'
  | 'already_blocked'
  | 'not_blocked'
  | 'creator_cannot_be_blocked'
  | 'not_your_settings'
  | 'invalid_setting_key'
  | 'invalid_setting_value'

/** A request that the rules refuse. `faults` lists what is wrong with it when the reason is `invalid`, in field order. */
export class Refused extends Error {
  override name = 'Refused'
  readonly reason: Reason
  readonly faults: readonly string[]

  constructor(reason: Reason, faults: readonly string[] = []) {
    super(reason)
    this.reason = reason
    this.faults = faults
  }
}
