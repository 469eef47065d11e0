//! The rules that the machine can be made to break, so that the simulation can show why each is
//! there. Outside tests nothing is ever broken.

/// A rule broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A lease is counted from the moment a renewal was answered, not from its start.
    LeaseFromAnswer,
    /// Neither side of a lease leaves anything for clocks that run apart.
    NoGuard,
    /// A process takes its node's row over although an older one may live on.
    JoinsOverLiving,
    /// A beat counts from the moment that the look at it began.
    SeenFromAsking,
    /// Whoever is overdue is taken for dead without a word to the store.
    DeadWithoutCas,
    /// A plain look that shows another incarnation is taken for the death of the owner.
    DeadByLook,
    /// The owner in the map is a node, whichever its incarnation.
    OwnerIsNode,
    /// Anybody moves a living process's shards, not just their owner.
    AnyoneMoves,
    /// The owner acts on until it hears that its shards have moved.
    ActsUntilMoved,
    /// A CAS that timed out was not carried out.
    TimeoutIsNo,
    /// A CAS that timed out is made again, and what that one says is believed.
    RetriesBlindly,
    /// A read that shows the old version means that the CAS before it never comes.
    ResumesOnRead,
    /// A move does not raise the epoch.
    #[cfg(test)]
    KeepsEpoch,
}

/// Which rule is broken; none outside tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    #[cfg(test)]
    pub faults: &'static [Fault],
}

impl Rules {
    pub fn breaks(self, fault: Fault) -> bool {
        #[cfg(test)]
        return self.faults.contains(&fault);
        #[cfg(not(test))]
        {
            let _ = fault;
            false
        }
    }
}
