-- The tables of messaging. Users and communities carry the host's opaque ids; everything else joins on small keys.
-- Every table that grows has the community's key first in its primary key and its unique indexes, so that it can be
-- distributed by community (ARCHITECTURE, "One engine, three sizes").

create table users (
  key bigint generated always as identity primary key,
  id text collate "C" not null unique,
  username text not null,
  name text,
  email text,
  avatar_url text,
  time_zone text,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  erased_at timestamptz,
  -- What a search looks through, in one piece: three times lower() for each member took 4 s at a million.
  searched text not null generated always as (lower(username || e'\x01' || coalesce(name, '') || e'\x01' || coalesce(email, ''))) stored
);

create table communities (
  key bigint generated always as identity primary key,
  id text collate "C" not null unique,
  name text not null,
  creator_key bigint not null references users (key),
  -- Whoever was the creator once reads on like a former member, without a membership (CONTRACT §2).
  past_creator_keys bigint[] not null default '{}',
  -- Moves on with every change of its creator, its memberships and its people's names: what lists show beside conversations.
  version bigint not null default 1,
  created_at timestamptz not null default now()
);
create index communities_by_creator on communities (creator_key);
create index communities_by_past_creator on communities using gin (past_creator_keys);

create table members (
  community_key bigint not null,
  user_key bigint not null,
  id uuid not null,
  status text not null,
  joined_at timestamptz not null,
  tier jsonb,
  blocked boolean not null default false,
  blocked_at timestamptz,
  -- Null: the host blocked, over the service API.
  blocked_by_key bigint,
  block_reason text,
  unblocked_at timestamptz,
  unblocked_by_key bigint,
  primary key (community_key, user_key),
  unique (community_key, id)
);
create index members_by_user on members (user_key, community_key);
-- Counting and paging read the index alone.
create index members_by_joined_at on members (community_key, joined_at, user_key) include (status, blocked);

create table conversations (
  community_key bigint not null,
  -- The two participants, the smaller key first: one row a pair, whoever is the creator by now.
  low_key bigint not null,
  high_key bigint not null,
  key bigint generated always as identity,
  id uuid not null,
  -- Positions are dense (1, 2, 3 …), so this is the number of messages, and unread is last minus read.
  last_position integer not null default 0,
  last_message_id uuid,
  last_sender_key bigint,
  low_read integer not null default 0,
  high_read integer not null default 0,
  -- The list's order. From the database's clock, and never backwards within a conversation.
  active_at timestamptz not null,
  -- Deleting the last message takes the conversation off both lists until the next one is sent (CONTRACT §3).
  off_list boolean not null default false,
  -- Either participant is blocked: written with the membership in one transaction, so that a send and a block meet here.
  blocked boolean not null default false,
  listed boolean not null generated always as (last_position > 0 and not off_list and not blocked) stored,
  -- How often the last message was taken off: positions that were read before a change of it may mean other messages now.
  deletions integer not null default 0,
  -- The value of listed before the last write of the row: `returning` has no old values before PostgreSQL 18.
  was_listed boolean not null default false,
  primary key (community_key, low_key, high_key),
  check (low_key < high_key),
  check (low_read between 0 and last_position),
  check (high_read between 0 and last_position)
) with (fillfactor = 80);
create index conversations_of_low on conversations (community_key, low_key, active_at, key) where listed;
create index conversations_of_high on conversations (community_key, high_key, active_at, key) where listed;
-- The others of the high side; those of the low side are found by the primary key. All in one index would be taken for the
-- pair's too: its first two columns are as good as unique until the creator has many conversations.
create index conversations_unlisted on conversations (community_key, high_key) where not listed;
create index conversations_unread_by_low on conversations (community_key, low_key, active_at, key)
  include (last_position, low_read) where listed and last_position > low_read;
create index conversations_unread_by_high on conversations (community_key, high_key, active_at, key)
  include (last_position, high_read) where listed and last_position > high_read;

create table messages (
  community_key bigint not null,
  conversation_key bigint not null,
  sender_key bigint not null,
  recipient_key bigint not null,
  created_at timestamptz not null,
  id uuid not null,
  position integer not null,
  content text not null,
  primary key (community_key, conversation_key, position),
  unique (community_key, id)
);

-- How many conversations a user's list holds (kept, not counted: it changes far more seldom than messages come), and a version
-- that moves on with every change of one of them. What else a list shows moves the community's version on.
create table inboxes (
  community_key bigint not null,
  user_key bigint not null,
  listed integer not null,
  version bigint not null default 1,
  primary key (community_key, user_key)
) with (fillfactor = 60);

-- Outlives its message, so that a key makes a retry safe for good, also after a deletion (CONTRACT §3).
create table idempotency_keys (
  community_key bigint not null,
  sender_key bigint not null,
  idempotency_key text collate "C" not null,
  message_id uuid not null,
  primary key (community_key, sender_key, idempotency_key)
);

-- Ids of deleted messages, so that an import that is run again does not bring them back.
create table deleted_messages (
  community_key bigint not null,
  id uuid not null,
  primary key (community_key, id)
);

-- What a transaction changed, for whoever has to be told. Written by the change itself, taken away by the relay.
create table outbox (
  key bigint generated always as identity primary key,
  kind text not null,
  community_key bigint not null,
  low_key bigint not null,
  high_key bigint not null,
  message_id uuid,
  position integer,
  created_at timestamptz not null default now()
);
