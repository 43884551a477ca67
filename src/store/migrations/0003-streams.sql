-- Streams: what came since is found by when a conversation last changed, and its events have one order, whichever server tells them.

-- Counts every change of the row that is told of. Taken under the row's lock, so it is the one order of a conversation's events.
alter table conversations add column changes bigint not null default 0;
-- When it changed last by anything but a message; null when a message was the last change, which is active_at then. So a send, the most
-- frequent change by far, writes into no index more than before: what changed since is found by the lists' own indexes and these two.
alter table conversations add column touched_at timestamptz;
-- When it had changed before the last change: an event tells it, and so a server knows whether it has told all that came before.
alter table conversations add column was_changed_at timestamptz;
create index conversations_touched_of_low on conversations (community_key, low_key, touched_at) where touched_at is not null;
create index conversations_touched_of_high on conversations (community_key, high_key, touched_at) where touched_at is not null;

-- The value of status before the last write of the row, as conversations.was_listed.
alter table members add column was_status text;
-- When so much of it changed at once (a new creator, a new name of theirs) that streams start over instead of being told each conversation.
alter table communities add column reset_at timestamptz;

-- Which change of the conversation the row tells of, when it was made, and when the one before it. Null in rows of versions before.
alter table outbox add column change bigint;
alter table outbox add column changed_at timestamptz;
alter table outbox add column previous_at timestamptz;
-- The conversation's id when that was written: it gets a new one when it begins again.
alter table outbox add column conversation_id uuid;
-- Rows come and go; what is left of them is to be cleared before a scan passes over much of it.
alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- What has been told to the servers, and is still to become notifications: many outbox rows in one, at the notifications' own pace.
create table notification_batches (
  key bigint generated always as identity primary key,
  refs jsonb not null,
  size integer not null,
  created_at timestamptz not null default now()
);
