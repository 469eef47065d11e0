//! Offers to an agent: shown with what was said, answered or gone.

use crest_schema::frame::desk::{Offer, OfferOutcome};
use crest_schema::frame::server::{OfferFrame, OfferGone};

use super::line::{Line, Mark};
use super::state::Talk;
use super::words;

/// An offer on this terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub offer: Offer,
    pub number: usize,
    /// By the server's clock.
    pub expires_at: u64,
}

impl Talk {
    pub(super) fn offered(&mut self, now: u64, frame: OfferFrame<'static>) {
        let OfferFrame {
            offer,
            expires_at,
            context,
        } = frame;
        let newest = context.messages.last().map_or(0, |it| it.seq);
        let room = self.rooms.enter(offer.conversation);
        room.previewed = newest.max(offer.position);
        let name = context.display_name.as_ref();
        room.customer = words::short(name.unwrap_or(&context.summary.customer));
        let (number, customer, seen) = (room.number, room.customer.clone(), room.last);
        let known = self.desk.offers.iter().any(|it| it.offer == offer);
        if known {
            return; // said again after a reconnect
        }
        self.desk.offers.push(Shown {
            offer,
            number,
            expires_at,
        });
        let reason = context.reason.as_ref().map(words::wait_reason);
        let summary = &context.summary;
        let seconds = expires_at
            .saturating_sub(self.server_time(now))
            .div_ceil(1_000);
        self.print(Line::new(
            Mark::Supervisor,
            format!(
                "offer #{number}: {customer}, {}, by {}, group {}: {}",
                words::tier(summary.tier),
                summary.channel,
                summary.group,
                reason.unwrap_or_else(|| "waits for a person".to_owned()),
            ),
        ));
        for (name, value) in &context.attributes {
            self.print(Line::new(
                Mark::System,
                format!("#{number} {name}: {value}"),
            ));
        }
        if let Some(topic) = &context.bot.topic {
            let text = format!("#{number} topic {topic}, {} misses", context.bot.misses);
            self.print(Line::new(Mark::System, text));
        }
        for entry in context.messages.iter().filter(|it| it.seq > seen) {
            if let Some(mut line) = words::staff_event(entry, &customer, &self.name) {
                line.text.insert_str(0, &format!("#{number} "));
                self.print(line);
            }
        }
        if let Some(note) = &context.transfer_note {
            let text = format!("#{number} note with the transfer: {note}");
            self.print(Line::new(Mark::Whisper, text));
        }
        self.hint(format!(
            "a takes #{number}, d leaves it to somebody else; {seconds} s"
        ));
    }

    pub(super) fn offer_gone(&mut self, gone: OfferGone) {
        let shown = self
            .desk
            .offers
            .iter()
            .position(|it| it.offer == gone.offer);
        let Some(shown) = shown.map(|at| self.desk.offers.remove(at)) else {
            return;
        };
        let words = match gone.outcome {
            OfferOutcome::Accepted => return, // `assigned` says so
            OfferOutcome::Declined => "left to somebody else",
            OfferOutcome::Missed => "not taken in time; it waits again",
            OfferOutcome::Rescinded => "taken back",
        };
        let text = format!("offer #{}: {words}", shown.number);
        self.print(Line::new(Mark::System, text));
    }

    /// The numbered offer, or the oldest.
    pub(super) fn offer(&mut self, number: Option<usize>) -> Option<Offer> {
        let wanted = |it: &&Shown| number.is_none_or(|number| it.number == number);
        let found = self.desk.offers.iter().find(wanted).map(|it| it.offer);
        if found.is_none() {
            self.warn("No such offer is open. One comes when a customer waits and you are ready.");
        }
        found
    }
}
