//! A domain type and its form between nodes, stated once and used both ways.

use std::borrow::Cow;
use std::sync::Arc;

use crest_actors::ids::{
    AgentId, ChannelId, ClientMsgId, ConversationId, CustomerId, GroupId, Millis, Seq, SessionId,
    Skill, TenantId,
};
use crest_schema::frame::Id;
use crest_schema::node as wire;

use crate::translate::names;

/// What was made `to_wire` comes back `from_wire` as it was.
pub(super) trait Mirror: Sized {
    type Wire<'w>
    where
        Self: 'w;

    fn to_wire(&self) -> Self::Wire<'_>;
    fn from_wire(wire: Self::Wire<'_>) -> Self;
}

/// `mirror!(Domain, wire::Type<'w>, struct { field, … })`, or `enum { Unit, Struct { field }, Tuple(item) }`:
/// fields and variants are named alike on both sides, and one that is left out does not compile.
macro_rules! mirror {
    ($domain:ty, $($wire:ident)::+ $(<$life:lifetime>)?, struct { $($field:ident),* $(,)? }) => {
        impl $crate::translate::node::mirror::Mirror for $domain {
            type Wire<'w> = $($wire)::+ $(<$life>)?;

            fn to_wire(&self) -> Self::Wire<'_> {
                let Self { $($field),* } = self;
                $($wire)::+ { $($field: $field.to_wire()),* }
            }

            fn from_wire(wire: Self::Wire<'_>) -> Self {
                let $($wire)::+ { $($field),* } = wire;
                Self { $($field: Mirror::from_wire($field)),* }
            }
        }
    };
    ($domain:ty, $($wire:ident)::+ $(<$life:lifetime>)?, enum $variants:tt) => {
        impl $crate::translate::node::mirror::Mirror for $domain {
            type Wire<'w> = $($wire)::+ $(<$life>)?;

            fn to_wire(&self) -> Self::Wire<'_> {
                use $($wire)::+ as Wire;
                $crate::translate::node::mirror::arms!(self, Self, Wire, to_wire, $variants)
            }

            fn from_wire(wire: Self::Wire<'_>) -> Self {
                use $($wire)::+ as Wire;
                $crate::translate::node::mirror::arms!(wire, Wire, Self, from_wire, $variants)
            }
        }
    };
}

macro_rules! arms {
    ($value:ident, $from:ident, $to:ident, $way:ident, { $(
        $variant:ident $({ $($field:ident),* $(,)? })? $(( $($item:ident),* ))?
    ),* $(,)? }) => {
        match $value {
            $($from::$variant $({ $($field),* })? $(( $($item),* ))? =>
                $to::$variant
                    $({ $($field: $crate::translate::node::mirror::$way($field)),* })?
                    $(( $($crate::translate::node::mirror::$way($item)),* ))?,)*
        }
    };
}

pub(super) use {arms, mirror};

pub(super) fn to_wire<T: Mirror>(value: &T) -> T::Wire<'_> {
    value.to_wire()
}

pub(super) fn from_wire<T: Mirror>(wire: T::Wire<'_>) -> T {
    T::from_wire(wire)
}

/// Values that are the same on both sides.
macro_rules! same {
    ($($type:ty),*) => {$(
        impl Mirror for $type {
            type Wire<'w> = $type;

            fn to_wire(&self) -> $type {
                *self
            }

            fn from_wire(wire: $type) -> Self {
                wire
            }
        }
    )*};
}

same!(bool, u8, u16, u32, u64);

/// Names, as text.
macro_rules! names {
    ($($type:ty),*) => {$(
        impl Mirror for $type {
            type Wire<'w> = Cow<'w, str>;

            fn to_wire(&self) -> Cow<'_, str> {
                Cow::Borrowed(self.as_str())
            }

            fn from_wire(wire: Cow<'_, str>) -> Self {
                Self::new(wire)
            }
        }
    )*};
}

names!(AgentId, ChannelId, CustomerId, GroupId, Skill, TenantId);

/// Values with another form, by a function each way.
macro_rules! by {
    ($($type:ty, $wire:ty, |$value:ident| $to:expr, $from:expr;)*) => {$(
        impl $crate::translate::node::mirror::Mirror for $type {
            type Wire<'w> = $wire;

            fn to_wire(&self) -> Self::Wire<'_> {
                let $value = self;
                $to
            }

            fn from_wire(wire: Self::Wire<'_>) -> Self {
                ($from)(wire)
            }
        }
    )*};
}

pub(super) use by;

by! {
    String, Cow<'w, str>, |text| Cow::Borrowed(text.as_str()), Cow::into_owned;
    Seq, u64, |seq| seq.0, names::seq;
    Millis, u64, |at| at.0, Millis;
    ConversationId, Id, |id| names::wire_id(*id), names::conversation_id;
    ClientMsgId, Id, |id| names::wire_message_id(*id), names::message_id;
    SessionId, wire::Session,
        |it| wire::Session(it.node, it.arbiter, it.slot, it.generation),
        |wire::Session(node, arbiter, slot, generation)| SessionId { node, arbiter, slot, generation };
}

impl<T: Mirror> Mirror for Option<T> {
    type Wire<'w>
        = Option<T::Wire<'w>>
    where
        Self: 'w;

    fn to_wire(&self) -> Self::Wire<'_> {
        self.as_ref().map(T::to_wire)
    }

    fn from_wire(wire: Self::Wire<'_>) -> Self {
        wire.map(T::from_wire)
    }
}

impl<T: Mirror> Mirror for Vec<T> {
    type Wire<'w>
        = Vec<T::Wire<'w>>
    where
        Self: 'w;

    fn to_wire(&self) -> Self::Wire<'_> {
        self.iter().map(T::to_wire).collect()
    }

    fn from_wire(wire: Self::Wire<'_>) -> Self {
        wire.into_iter().map(T::from_wire).collect()
    }
}

impl<T: Mirror> Mirror for Box<T> {
    type Wire<'w>
        = Box<T::Wire<'w>>
    where
        Self: 'w;

    fn to_wire(&self) -> Self::Wire<'_> {
        Box::new(T::to_wire(self))
    }

    fn from_wire(wire: Self::Wire<'_>) -> Self {
        Box::new(T::from_wire(*wire))
    }
}

/// What nodes share of a value is its content.
impl<T: Mirror> Mirror for Arc<T> {
    type Wire<'w>
        = T::Wire<'w>
    where
        Self: 'w;

    fn to_wire(&self) -> Self::Wire<'_> {
        T::to_wire(self)
    }

    fn from_wire(wire: Self::Wire<'_>) -> Self {
        Arc::new(T::from_wire(wire))
    }
}

impl<A: Mirror, B: Mirror> Mirror for (A, B) {
    type Wire<'w>
        = (A::Wire<'w>, B::Wire<'w>)
    where
        Self: 'w;

    fn to_wire(&self) -> Self::Wire<'_> {
        (self.0.to_wire(), self.1.to_wire())
    }

    fn from_wire((a, b): Self::Wire<'_>) -> Self {
        (A::from_wire(a), B::from_wire(b))
    }
}
