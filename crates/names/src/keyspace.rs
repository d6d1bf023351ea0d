/// The first byte of every key: which kind of record it leads to.
///
/// Invariant: a byte once assigned is never changed and never reused, since data directories live
/// for years. Add at the end; when a record kind goes, leave its line with a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Keyspace {
    /// The store's own facts: format version, instance id.
    Store = 0x01,
    /// blob: (blob id) that some record names.
    BlobNamed = 0x02,
    /// blob: (blob id) that no record names any more and that waits for its removal.
    BlobForgotten = 0x03,
    /// kv: (1 or 2, key): what could not be read and was set aside; why, and its bytes.
    Aside = 0x04,

    /// access: (account id).
    Account = 0x10,
    /// access: (access key id).
    AccessKey = 0x11,

    /// objects: (bucket).
    Bucket = 0x20,
    /// objects: (account, bucket): the buckets of an account, for ListBuckets.
    AccountBucket = 0x21,
    /// objects: (bucket, key).
    Object = 0x22,
    /// objects: (bucket, key, upload id): multipart uploads under way.
    Upload = 0x23,
    /// objects: (upload id, part number).
    Part = 0x24,
    /// objects: (blob id): small bodies held inline.
    InlineBody = 0x25,
    /// objects: (sequence): the change log that `triggers` reads.
    ObjectChange = 0x26,
    /// objects: the last sequence given out.
    ObjectSequence = 0x27,
    /// objects: (function ARN, sequence): changes that the function's queue had no room for.
    HeldChange = 0x28,

    /// functions: (account, region, name).
    Function = 0x30,
    /// functions: (account, region, name, version).
    FunctionVersion = 0x31,
    /// functions: (account, region, name, alias).
    FunctionAlias = 0x32,
    /// functions: (account, region, layer name, version).
    LayerVersion = 0x33,
    /// functions: (account, region, layer name): the last version number given out.
    Layer = 0x34,
    /// functions: (account, region, name, qualifier): resource policy.
    FunctionPolicy = 0x35,
    /// functions: (account, region, name, qualifier): function URL configuration.
    FunctionUrl = 0x36,
    /// functions: (url id): the reverse of `FunctionUrl`.
    FunctionUrlId = 0x37,
    /// functions: (account, region, name, qualifier): asynchronous invocation settings.
    EventInvokeConfig = 0x38,
    /// functions: (code sha256): how many records name a piece of code.
    CodeReference = 0x39,
    /// functions: (account, region, name, qualifier): provisioned concurrency.
    ProvisionedConcurrency = 0x3A,
    /// functions: (account, region): what functions have claimed of the account's concurrency.
    ConcurrencyClaims = 0x3B,
    /// functions: (manifest sha256): how many records name a container image.
    ImageReference = 0x3C,
    /// functions: (account, region, layer name, version): whom a layer version is shared with.
    LayerPolicy = 0x3D,

    /// functions: (invocation id): an accepted asynchronous invocation.
    AsyncInvocation = 0x40,
    /// functions: (due time ms, sequence, invocation id): the order in which they were tried until there
    /// was `AsyncQueue`, into which what an older program left here is moved.
    AsyncDue = 0x41,
    /// functions: (invocation id): the event's bytes.
    AsyncPayload = 0x42,
    /// functions: (order, sequence, invocation id): events of one order that were never attempted.
    AsyncOrder = 0x43,
    /// functions: the last sequence given out.
    AsyncSequence = 0x44,
    /// functions: (account, region, name, due time ms, sequence, invocation id): a function's events in the
    /// order in which they are tried.
    AsyncQueue = 0x45,
    /// functions: (due time ms, account, region, name): the first of each function's events.
    AsyncNext = 0x46,
    /// functions: (account, region, name): how much waits for a function.
    AsyncBacklog = 0x47,
    /// functions: (account): how much waits for an account's functions together.
    AsyncAccount = 0x48,
    /// functions: (sequence): whom to tell of an event's outcome.
    AsyncFollowUp = 0x49,
    /// functions: (sequence): what to tell them.
    AsyncFollowUpText = 0x4A,

    /// triggers: (name of the log): how far it has been read.
    Cursor = 0x50,

    /// triggers: (account, region, UUID).
    EventSourceMapping = 0x51,
    /// triggers: (UUID of a mapping, shard, number of lanes, lane): how far a source has been read.
    EventSourcePlace = 0x52,
    /// triggers: (source ARN, function ARN): the UUID of their mapping.
    EventSourcePair = 0x53,
    /// triggers: (1 or 2, account, region, ARN, UUID): mappings; 1 by their function, 2 by their source.
    EventSourceIndex = 0x54,

    /// meters: (seconds summed over, account, region, function, version, memory MB, start s): what a
    /// function used.
    Usage = 0x60,

    /// access: (account, name).
    IamUser = 0x70,
    /// access: (account, name).
    IamGroup = 0x71,
    /// access: (account, name).
    IamRole = 0x72,
    /// access: (account, name): managed policies that the account made.
    IamPolicy = 0x73,
    /// access: (account, kind, name in lower case): names differ in more than case.
    IamName = 0x74,
    /// access: (unique id): whose it is.
    IamId = 0x75,
    /// access: (unique id of a user, group or role, policy name): the text of an inline policy.
    IamInlinePolicy = 0x76,
    /// access: (unique id of a managed policy, version): its text.
    IamPolicyText = 0x77,
    /// access: (account, policy ARN): how often it is attached, and a boundary.
    IamPolicyUse = 0x78,
    /// access: (account, policy ARN, attached or boundary, kind, name): who uses it.
    IamPolicyUser = 0x79,
    /// access: (unique id of a group, user name): who is in it.
    IamMember = 0x7A,
    /// access: (access key id): keys of users.
    IamAccessKey = 0x7B,
    /// access: (access key id, or unique id of a role): when it was last used.
    IamLastUsed = 0x7C,
    /// access: (account): how much of everything there is, and the account's alias.
    IamAccount = 0x7D,
    /// access: (account alias): whose it is.
    IamAlias = 0x7E,
    /// access: (account, task id): deletions of service-linked roles.
    IamDeletion = 0x7F,
    /// access: (account, name): roles that were deleted, while functions could act in such as were never made.
    /// Nothing is written here any more.
    IamRoleGone = 0x80,
    /// access: (account, URL without its scheme): OpenID Connect providers.
    IamOidcProvider = 0x88,

    /// tables: (account, region, name).
    Table = 0x90,
    /// tables: the last table number given out.
    TableNumber = 0x91,
    /// tables: (table number, hash of the partition key, partition key, sort key).
    TableItem = 0x92,
    /// tables: (table number, index number, hash of the index's partition key, its partition key, its sort key,
    /// the item's place in the table).
    TableIndexEntry = 0x93,
    /// tables: (table number, index number or 0 for the table itself): how many items and bytes.
    TableCount = 0x94,
    /// tables: (table number, index number or 0 for all): what is there no more, whose items wait for removal.
    TableGone = 0x95,
    /// tables: (table number, partition key): bytes of an item collection.
    TableCollection = 0x97,
    /// tables: (account, region, client request token): the transaction it stands for.
    TableToken = 0x98,
    /// tables: (when it ends, key of the token): client request tokens by their end.
    TableTokenEnd = 0x99,
    /// tables: (table number, index number): an index that is being made, and how far it has been filled.
    TableFill = 0x9e,

    /// tables: (account, region, table name, label): streams, also those that ended within their retention.
    TableStream = 0x9A,
    /// tables: (stream number, shard, sequence): a change of an item.
    TableChange = 0x9B,
    /// tables: (stream number, shard): the next change's sequence.
    TableChangeNext = 0x9C,
    /// tables: (table number, second, the item's place in the table): when items expire.
    TableExpiry = 0x9D,

    /// tables: (table number): tables whose items expire, and what is still to be done until they do.
    TableTimeToLive = 0xA0,
    /// tables: (history number, sequence): what an item was before a change.
    TableHistory = 0xA1,
    /// tables: (history number): the next sequence, and the time of the last one.
    TableHistoryNext = 0xA2,
    /// tables: (target's table number): a copy of a table that is being made, and how far it is.
    TableCopy = 0xA3,
    /// tables: (account, region, table name, backup id): backups; their items are kept as a table's.
    TableBackup = 0xA4,
    /// tables: (account, region, name): the policy that a table has of its own.
    TablePolicy = 0x9f,

    /// queues: (account, region, name).
    Queue = 0xB0,
    /// queues: the last queue number given out.
    QueueNumber = 0xB1,
    /// queues: (queue number, when it was sent, sequence): a message, so in the order in which they expire.
    QueueMessage = 0xB2,
    /// queues: (queue number, when it was sent, sequence): a body too long to be written again with each receive.
    QueueBody = 0xB3,
    /// queues: (queue number, lane, order, sequence): what may be received.
    QueueReady = 0xB4,
    /// queues: (queue number, when it is due, sequence): what is delayed or in flight.
    QueueWaiting = 0xB5,
    /// queues: (queue number): how much there is of what, and the last sequence.
    QueueCount = 0xB6,
    /// queues: (queue number, message group).
    QueueGroup = 0xB7,
    /// queues: (queue number, message group, sequence): the messages of a group, of FIFO queues.
    QueueLine = 0xB8,
    /// queues: (queue number, kind, message group or nothing, id): what must not be done a second time.
    QueueOnce = 0xB9,
    /// queues: (when it ends, key of the id): what must not be done twice, by when it may again.
    QueueOnceEnd = 0xBA,
    /// queues: (queue number): what was deleted or purged, whose messages wait for removal.
    QueueGone = 0xBB,
    /// queues: (account, region, name): when a queue of that name was deleted.
    QueueDeleted = 0xBC,
    /// queues: (account, region, name of a dead-letter queue, name of a queue that it serves).
    QueueSource = 0xBD,
    /// queues: (queue's first number): written where somebody waits for messages.
    QueueArrival = 0xBE,
    /// queues: (1 or 2, account, region, name, when it began, id): moves of messages out of a dead-letter queue; 1 for
    /// each, 2 for those under way.
    QueueMove = 0xBF,
    /// tables: (account, region, table name, export id): exports, also those that ended.
    TableExport = 0xA5,
    /// tables: (account, region, number of its rows): exports under way.
    TableExportWork = 0xA6,
    /// tables: (number of the export's rows, number of the file): files that were written.
    TableExportFile = 0xA7,
    /// tables: (account, region, table name, import id): imports, also those that ended.
    TableImport = 0xA8,
    /// tables: (account, region, table number): imports under way.
    TableImportWork = 0xA9,

    /// topics: (account, region, name).
    Topic = 0xC0,
    /// topics: the last topic number given out.
    TopicNumber = 0xC1,
    /// topics: (topic number): how many subscriptions of what kind, and a message's last sequence.
    TopicCount = 0xC2,
    /// topics: (account, region): how many topics.
    TopicTotal = 0xC3,
    /// topics: (topic number, id).
    Subscription = 0xC4,
    /// topics: (topic number, protocol, endpoint): the id of its subscription.
    SubscriptionEnd = 0xC5,
    /// topics: (account, region, the topic's account and name, id): subscriptions by their owner.
    Subscriber = 0xC6,
    /// topics: (topic number, sequence): a message that was not handed over to all subscriptions yet.
    TopicMessage = 0xC7,
    /// topics: (topic number): topics with such messages, and how far the first of them is.
    TopicWork = 0xC8,
    /// topics: (topic number, message group or nothing, id): what must not be published a second time.
    TopicOnce = 0xC9,
    /// topics: (when it ends, key of the id): what must not be published twice, by when it may again.
    TopicOnceEnd = 0xCA,
    /// topics: (topic number): what was deleted, whose messages and subscriptions wait for removal.
    TopicGone = 0xCB,
    /// topics: (topic number, subscription, sequence): messages that one subscription waits for.
    TopicLine = 0xCC,
    /// topics: (when it is due, topic number, subscription, sequence): the same by time.
    TopicLineDue = 0xCD,
}

impl Keyspace {
    pub fn byte(self) -> u8 {
        self as u8
    }
}
