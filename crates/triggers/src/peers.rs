use ::topics::Topics;
use functions::Functions;
use objects::Objects;
use queues::Queues;
use tables::Tables;

/// The services that events come from and go to. Cheap to clone.
#[derive(Clone)]
pub struct Peers {
    pub functions: Functions,
    pub objects: Objects,
    pub tables: Tables,
    pub queues: Queues,
    pub topics: Topics,
}
