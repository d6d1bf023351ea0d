//! A lane is read on from its place, batch by batch.

use super::batch::Batch;
use super::{Log, LogRecord, REST_FIRST, REST_LAST, Work};
use crate::mapping::MappingError;
use crate::mapping::place::{Lane, Place};
use crate::mapping::window::{FRAME_BYTES_MAX, Occasion, Window};
use clock::Moment;
use kv::Watch;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Records that are read at once.
const READ_MAX: usize = 1_000;

/// The rest while the role may not read the source.
const REFUSED: Duration = Duration::from_secs(5);

/// What was found behind a place.
struct Gathered {
    batch: Batch,
    /// The next record belongs to a later window.
    is_window_over: bool,
}

impl<L: Log> Work<L> {
    pub(super) async fn read(self: Arc<Self>, lane: Lane, mut place: Place, mut stop: watch::Receiver<bool>) {
        let mut rest = REST_FIRST;
        while !*stop.borrow() {
            let before = place.clone();
            match self.read_on(&lane, &mut place, &mut stop).await {
                Ok(()) => rest = REST_FIRST,
                Err(error) => {
                    // What is not known to be done is read again.
                    place = before;
                    self.tell(&format!("PROBLEM: {error}"));
                    if self.rest(rest, &mut stop).await {
                        return;
                    }
                    rest = (rest * 2).min(REST_LAST);
                }
            }
        }
    }

    /// One batch, the end of a window, or until there is more.
    async fn read_on(
        &self,
        lane: &Lane,
        place: &mut Place,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), MappingError> {
        if place.window.as_ref().is_some_and(Window::is_too_large) {
            return self.end_window(lane, place, Occasion::EarlyEnd, stop).await;
        }
        let mut changes = self.log.changes().await?;
        if let Some(why) = self.mappings.refusal(&self.mapping, &self.source).await? {
            self.tell(&format!("PROBLEM: {why}"));
            self.rest(REFUSED, stop).await;
            return Ok(());
        }
        let kept = place.next;
        let gathered = self.gather(lane, place, &mut changes, stop).await?;
        if !gathered.batch.records.is_empty() {
            return self.hand_on(lane, gathered.batch, place, stop).await;
        }
        // What nobody wanted is done too.
        if place.next != kept {
            self.keep(lane, place).await?;
        }
        let left = self.window_left(place);
        if gathered.is_window_over || left.is_some_and(|left| left.is_zero()) {
            return self.end_window(lane, place, Occasion::End, stop).await;
        }
        tokio::select! {
            () = changes.changed() => {}
            () = self.mappings.0.clock.sleep(left.unwrap_or_default()), if left.is_some() => {}
            _ = stop.changed() => {}
        }
        Ok(())
    }

    /// How long the window that the lane is in stays open.
    fn window_left(&self, place: &Place) -> Option<Duration> {
        place.window.as_ref().map(|window| window.left(self.mappings.0.clock.now()))
    }

    /// Reads until a batch is full, has waited long enough or ends with its window, and moves `place` behind what it
    /// took and into the window of that.
    async fn gather(
        &self,
        lane: &Lane,
        place: &mut Place,
        changes: &mut Watch,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Gathered, MappingError> {
        let settings = &self.mapping.settings;
        // One that was begun is ended, also when windows were switched off meanwhile.
        let has_windows = settings.tumbling_s > 0 || place.window.is_some();
        let mut batch = Batch::beside(if has_windows { FRAME_BYTES_MAX } else { 0 });
        let patience = Duration::from_secs(u64::from(settings.window_s));
        let mut begun: Option<Moment> = None;
        loop {
            let page = self.log.read(lane.shard, place.next, READ_MAX).await?;
            let has_moved = page.next != place.next;
            for record in page.records {
                if self.is_wanted(lane, &record) {
                    if !batch.has_room(record.event.len(), settings.batch_size) {
                        return Ok(Gathered { batch, is_window_over: false });
                    }
                    match &place.window {
                        Some(window) if window.is_behind(record.at) => {
                            return Ok(Gathered { batch, is_window_over: true });
                        }
                        None if settings.tumbling_s > 0 => {
                            let window = Window::of(record.at, settings.tumbling_s, place.windows_from_s);
                            place.window = Some(window);
                        }
                        _ => {}
                    }
                    place.next = record.number.saturating_add(1);
                    batch.push(record);
                } else {
                    place.next = record.number.saturating_add(1);
                }
            }
            if batch.records.len() >= settings.batch_size as usize || *stop.borrow() {
                return Ok(Gathered { batch, is_window_over: false });
            }
            if has_moved {
                place.next = place.next.max(page.next);
                continue;
            }
            if batch.records.is_empty() {
                return Ok(Gathered { batch, is_window_over: false });
            }
            let clock = &self.mappings.0.clock;
            let begun = *begun.get_or_insert_with(|| clock.moment());
            let left = patience.saturating_sub(clock.since(begun));
            let left = self.window_left(place).map_or(left, |open| left.min(open));
            if left.is_zero() {
                return Ok(Gathered { batch, is_window_over: false });
            }
            tokio::select! {
                () = changes.changed() => {}
                () = clock.sleep(left) => {}
                _ = stop.changed() => {}
            }
        }
    }

    fn is_wanted(&self, lane: &Lane, record: &LogRecord) -> bool {
        if record.partition % u64::from(lane.of) != u64::from(lane.number) {
            return false;
        }
        if self.filters.is_empty() {
            return true;
        }
        let event = serde_json::from_str(&record.event);
        event.is_ok_and(|event| self.filters.iter().any(|filter| filter.matches(&event)))
    }
}
