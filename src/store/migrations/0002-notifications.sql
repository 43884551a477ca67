-- Notifications: what is waiting to be sent, what came of it, and where to send it. These tables stay local to one node when messages are
-- distributed by community: they are worked through in the order of time, not by community.

-- The address that its server refused for good (a hard bounce): nothing more goes there until it changes.
alter table users add column refused_email text;

-- Where a push goes. The id is the client's choice; whoever registers it last has it: a device belongs to one user at a time.
create table devices (
  id text collate "C" primary key,
  user_key bigint not null,
  platform text not null check (platform in ('web', 'fcm', 'apns')),
  -- The endpoint of a web push subscription, or the service's token.
  address text not null,
  p256dh text,
  auth text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((platform = 'web') = (p256dh is not null and auth is not null))
);
create index devices_by_user on devices (user_key, updated_at);
-- Hashed: an endpoint may be longer than an index takes. Whoever could find a second address of the same hash would only displace a device.
create unique index devices_by_address on devices (platform, md5(address));

-- One row for a message and a channel: at first the job, and afterwards the record of what came of it, kept 30 days. One row for both, so
-- that "why was I not told?" and what is really waiting can never differ.
create table notifications (
  message_id uuid not null,
  channel text not null check (channel in ('email', 'push')),
  community_key bigint not null,
  low_key bigint not null,
  high_key bigint not null,
  recipient_key bigint not null,
  position integer not null,
  state text not null check (state in ('waiting', 'sent', 'skipped', 'failed')),
  -- Why it was skipped, or what it waits for when that is not its turn.
  reason text,
  -- What goes out together with it: nothing, the conversation's others (an email that waited), the recipient's (a push that was held).
  gather text not null default 'none' check (gather in ('none', 'conversation', 'recipient')),
  due_at timestamptz not null,
  -- The worker that has it on lease; the lease is the worker's own (workers.alive_until).
  worker_key bigint,
  attempts integer not null default 0,
  first_tried_at timestamptz,
  -- The service's words about the last attempt that failed.
  error text,
  -- Devices that are done with it, by their ids: {"<id>": {"at": seconds} or {"error": words}}. A retry leaves them out.
  devices jsonb,
  created_at timestamptz not null default now(),
  settled_at timestamptz,
  primary key (message_id, channel)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
-- One index for claims (worker_key is null, by due_at) and for taking leases from the dead.
create index notifications_waiting on notifications (channel, worker_key, due_at) where state = 'waiting';
create index notifications_of_recipient on notifications (recipient_key, community_key, low_key, high_key) where state = 'waiting';
create index notifications_failed on notifications (settled_at) where state = 'failed';

-- What has to go when a person is erased.
create index notifications_with_words on notifications (recipient_key) where error is not null or devices is not null;

-- Who has notifications on lease. Whoever lets the time pass is taken for dead.
create table workers (
  key bigint generated always as identity primary key,
  alive_until timestamptz not null
);

-- What every server of this installation has to agree on, without anybody having to configure it.
create table installation (
  one boolean primary key default true check (one),
  -- Signs the links of emails. 244 random bits; no extension needed.
  link_secret text not null default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
  -- Made by the first server that needs them, unless the environment sets them.
  vapid_public_key text,
  vapid_private_key text
);
insert into installation default values;

-- Whom a row concerns: the recipient of a message, the reader of a thread.
alter table outbox add column user_key bigint;
