//! What goes wrong, and when.

use super::event::{Happening, Who};
use super::swarm::Trouble;
use super::world::World;
use crate::cluster::member::Input;

impl World {
    pub fn trouble(&mut self) {
        if !self.storm {
            return;
        }
        let every = self.swarm.every_ms;
        let ms = self.random.between(1, 2 * every);
        self.after(ms, Happening::Trouble);
        let up: Vec<Who> = self.up().collect();
        let troubles = self.swarm.troubles.clone();
        let (Some(who), Some(trouble)) = (self.random.pick(&up), self.random.pick(&troubles))
        else {
            return;
        };
        match trouble {
            Trouble::Crash => {
                self.procs[who].up = false;
                let ms = self.random.between(0, 4_000);
                self.restart(who, ms);
            }
            Trouble::Pause => {
                let longest = if self.random.chance(70) {
                    5_000
                } else {
                    12_000
                };
                let until = self.now + self.random.between(100, longest);
                self.pause(who, until);
            }
            Trouble::Cut => {
                let until = self.now + self.random.between(500, 7_000);
                self.procs[who].cut_until = until.min(self.swarm.storm_ms);
            }
            Trouble::Drain if !self.procs[who].is_paused(self.now) => {
                self.input(who, Input::Drain);
            }
            Trouble::Twin if up.len() <= usize::from(self.swarm.nodes) => {
                let ms = self.random.between(0, 1_000);
                self.restart(who, ms);
            }
            Trouble::Drain | Trouble::Twin => {}
        }
    }

    /// The process stands still between deciding and sending. Says for how long.
    pub fn stall(&mut self, who: Who) -> u64 {
        let ms = self.random.between(100, 5_000);
        self.pause(who, self.now + ms);
        self.procs[who].paused.1.saturating_sub(self.now)
    }

    fn pause(&mut self, who: Who, until: u64) {
        let until = until.min(self.swarm.storm_ms).max(self.now);
        if !self.procs[who].is_paused(self.now) {
            self.procs[who].pause(self.now, until);
        }
    }

    /// Processes that run, paused or not.
    pub fn up(&self) -> impl Iterator<Item = Who> {
        (0..self.procs.len()).filter(|who| self.procs[*who].up)
    }

    /// The node of this process is started after so long, before the calm.
    fn restart(&mut self, who: Who, ms: u64) {
        let ms = ms.min((self.swarm.storm_ms - self.now).saturating_sub(1));
        let node = self.procs[who].me.node.0;
        self.after(ms, Happening::Start(node));
    }
}
