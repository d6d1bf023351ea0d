//! A batch is handed to the function until it, or each of its parts, is done or given up.

use super::batch::Batch;
use super::{Log, REST_FIRST, REST_LAST, Work, discarded};
use crate::mapping::MappingError;
use crate::mapping::attempt::Attempt;
use crate::mapping::place::{Lane, Place};
use crate::mapping::window::{Frame, Occasion, Window};
use std::collections::VecDeque;
use tokio::sync::watch;

impl<L: Log> Work<L> {
    /// `place`: behind the batch. It is kept with each part that is done, and with what the function summed up by then.
    pub(super) async fn hand_on(
        &self,
        lane: &Lane,
        batch: Batch,
        place: &mut Place,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), MappingError> {
        let settings = &self.mapping.settings;
        let after = place.next;
        let mut parts = VecDeque::from([batch]);
        let mut rest = REST_FIRST;
        while let Some(mut part) = parts.pop_front() {
            let behind = |parts: &VecDeque<Batch>| {
                parts.front().and_then(|next| next.records.first()).map_or(after, |first| first.number)
            };
            if place.window.as_ref().is_some_and(Window::is_too_large) {
                self.end_window(lane, place, Occasion::EarlyEnd, stop).await?;
                if *stop.borrow() {
                    return Ok(());
                }
            }
            if let Some(age) = settings.record_age_max_s {
                let given_up = part.take_older(self.mappings.0.clock.now(), age);
                if !given_up.is_empty() {
                    self.discard(lane, &given_up, &part, discarded::TOO_OLD).await?;
                    place.next = part.records.first().map_or(behind(&parts), |first| first.number);
                    self.keep(lane, place).await?;
                }
                if part.records.is_empty() {
                    continue;
                }
            }
            match self.attempt(lane, &part, place).await? {
                Attempt::Done(state) => {
                    self.tell("OK");
                    rest = REST_FIRST;
                    place.next = behind(&parts);
                    put_state(place, state);
                    self.keep(lane, place).await?;
                    continue;
                }
                Attempt::SomeFailed(places, failure, state) => {
                    // Everything before the first that failed is done.
                    let done = places.first().copied().unwrap_or(0);
                    part.forget_first(done);
                    self.tell("PROBLEM: Function call failed");
                    if let Some(first) = part.records.first() {
                        place.next = first.number;
                        put_state(place, state);
                        self.keep(lane, place).await?;
                    }
                    part.attempts = part.attempts.saturating_add(1);
                    part.failure = Some(failure);
                }
                Attempt::Failed(failure) => {
                    self.tell("PROBLEM: Function call failed");
                    part.failure = Some(failure);
                    if settings.bisects && part.records.len() > 1 {
                        let second = part.split();
                        parts.push_front(second);
                    } else {
                        part.attempts = part.attempts.saturating_add(1);
                    }
                }
                Attempt::Unavailable(why) => self.tell(&format!("PROBLEM: {why}")),
            }
            if settings.retries_max.is_some_and(|most| part.attempts > most) {
                self.discard(lane, &part.records, &part, discarded::TRIED_ENOUGH).await?;
                place.next = behind(&parts);
                self.keep(lane, place).await?;
                continue;
            }
            parts.push_front(part);
            if self.rest(rest, stop).await {
                return Ok(());
            }
            rest = (rest * 2).min(REST_LAST);
        }
        Ok(())
    }

    async fn attempt(&self, lane: &Lane, part: &Batch, place: &Place) -> Result<Attempt, MappingError> {
        let Some(window) = &place.window else {
            return Ok(self.mappings.attempt(&self.mapping, &part.as_event(), None, None).await);
        };
        let shard_id = self.log.shard_id(lane.shard).await?;
        let frame = self.frame(window, &shard_id, Occasion::Records);
        Ok(self.mappings.attempt(&self.mapping, &part.as_event(), Some(frame), None).await)
    }

    fn frame<'a>(&'a self, window: &'a Window, shard_id: &'a str, occasion: Occasion) -> Frame<'a> {
        Frame { window, shard_id, source_arn: &self.mapping.source_arn, occasion }
    }

    /// Tells the function, without records, that the window is over, or goes on without what was summed up. Nothing of
    /// the lane goes on before the function has taken that, however often it is tried.
    pub(super) async fn end_window(
        &self,
        lane: &Lane,
        place: &mut Place,
        occasion: Occasion,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), MappingError> {
        let shard_id = self.log.shard_id(lane.shard).await?;
        let mut rest = REST_FIRST;
        while let Some(window) = &mut place.window {
            let frame = self.frame(window, &shard_id, occasion);
            match self.mappings.attempt(&self.mapping, &[], Some(frame), None).await {
                Attempt::Done(_) => {
                    self.tell("OK");
                    if occasion == Occasion::EarlyEnd {
                        window.forget_state();
                    } else {
                        place.windows_from_s = window.end_s();
                        place.window = None;
                    }
                    return self.keep(lane, place).await;
                }
                Attempt::Failed(_) | Attempt::SomeFailed(..) => self.tell("PROBLEM: Function call failed"),
                Attempt::Unavailable(why) => self.tell(&format!("PROBLEM: {why}")),
            }
            if self.rest(rest, stop).await {
                return Ok(());
            }
            rest = (rest * 2).min(REST_LAST);
        }
        Ok(())
    }
}

fn put_state(place: &mut Place, state: Option<String>) {
    if let (Some(window), Some(state)) = (&mut place.window, state) {
        window.put_state(state);
    }
}
