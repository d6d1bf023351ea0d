//! The change log holds what a notification wanted, in order.

use crate::{World, bucket, key, put};
use names::Arn;
use objects::{
    ChangeEvent, EventPattern, IncomingBody, Notification, NotificationConfiguration, ObjectChange, change,
};

fn configuration(events: &[EventPattern], prefix: &str) -> NotificationConfiguration {
    NotificationConfiguration::new(vec![Notification {
        id: "thumbs".to_owned(),
        target: Arn::parse("arn:aws:lambda:eu-west-1:000000000000:function:thumb").unwrap(),
        events: events.to_vec(),
        prefix: prefix.to_owned(),
        suffix: String::new(),
    }])
    .unwrap()
}

async fn log(world: &World) -> Vec<ObjectChange> {
    world
        .kv
        .read(async |read: &kv::Snapshot| {
            let entries = change::read_after(read, 0, 1000).await?;
            entries.into_iter().map(|(_, change)| change).collect::<Result<Vec<_>, kv::KvError>>()
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn a_change_is_logged_with_everything_its_event_needs() {
    let world = World::new().await;
    world.put("early", "x").await.unwrap();
    let notifications = configuration(&[EventPattern::AnyCreated, EventPattern::RemovedDelete], "in/");
    world.objects.put_bucket_notification_configuration(bucket(), notifications.clone()).await.unwrap();
    assert_eq!(world.objects.get_bucket_notification_configuration(bucket()).await.unwrap(), notifications);
    let mut watch = world.kv.watch(&change::prefix());

    let mut request = put("in/a");
    request.caller.principal_id = "AIDA".to_owned();
    request.caller.source_ip = "127.0.0.1".to_owned();
    request.caller.request_id = "R1".to_owned();
    let written = world.objects.put_object(request, IncomingBody::from_bytes("abc")).await.unwrap();
    watch.changed().await;
    world.put("out/a", "not wanted").await.unwrap();
    world.delete("in/a").await.unwrap();
    world.delete("in/a").await.unwrap();
    let none = NotificationConfiguration::default();
    world.objects.put_bucket_notification_configuration(bucket(), none).await.unwrap();
    world.put("in/b", "late").await.unwrap();

    let log = log(&world).await;
    let [created, removed] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!(created.event, ChangeEvent::CreatedPut);
    assert_eq!(created.event.as_str(), "ObjectCreated:Put");
    assert_eq!((created.size, &created.etag), (Some(3), &Some(written.etag)));
    assert_eq!((&created.bucket, &created.key), (&bucket().name, &key("in/a")));
    assert_eq!((created.region.as_str(), created.principal_id.as_str()), ("eu-west-1", "AIDA"));
    assert_eq!((created.source_ip.as_str(), created.request_id.as_str()), ("127.0.0.1", "R1"));
    assert_eq!(created.deliveries[0].configuration_id, "thumbs");
    assert_eq!((removed.event, removed.size), (ChangeEvent::RemovedDelete, None));
    assert!(created.sequence < removed.sequence);
    assert!(created.sequencer() < removed.sequencer());
}

#[tokio::test]
async fn a_read_change_can_be_forgotten() {
    let world = World::new().await;
    let notifications = configuration(&[EventPattern::AnyCreated], "");
    world.objects.put_bucket_notification_configuration(bucket(), notifications).await.unwrap();
    for name in ["a", "b", "c"] {
        world.put(name, "x").await.unwrap();
    }
    let before = log(&world).await;
    let first = before[0].sequence;
    world
        .kv
        .transact(async move |tx: &mut kv::Transaction| {
            change::forget(tx, &[first]).await?;
            Ok::<_, kv::KvError>(())
        })
        .await
        .unwrap();
    assert_eq!(log(&world).await, before[1..]);
    let rest = world
        .kv
        .read(async move |read: &kv::Snapshot| change::read_after(read, first + 1, 1000).await)
        .await
        .unwrap();
    let rest: Vec<_> = rest.into_iter().map(|(_, change)| change.unwrap()).collect();
    assert_eq!(rest, before[2..]);
}

#[tokio::test]
async fn a_refused_write_is_no_change() {
    let world = World::new().await;
    let notifications = configuration(&[EventPattern::AnyCreated], "");
    world.objects.put_bucket_notification_configuration(bucket(), notifications).await.unwrap();
    let mut request = put("a");
    request.conditions.if_match = Some(objects::EtagCondition::Any);
    assert!(world.objects.put_object(request, IncomingBody::from_bytes("x")).await.is_err());
    assert!(log(&world).await.is_empty());
}
