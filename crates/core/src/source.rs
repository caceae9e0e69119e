//! Where a request comes from: an address and the networks around it, and how often each may ask.
//!
//! Never looks at headers; the edge decides which address is the client's (THR-07).

use std::net::IpAddr;
use std::num::NonZeroU32;

use crate::time::Span;

/// The origin of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(Option<IpAddr>);

impl Source {
    /// A request of which no address is known. All of these share one limit (THR-08, T-19).
    pub const UNKNOWN: Self = Self(None);

    /// A request from this address. `::ffff:a.b.c.d` is `a.b.c.d`: one machine, one count (T-19).
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        Self(Some(address.to_canonical()))
    }

    /// The address, folded; `None` when unknown.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.0
    }

    /// What is counted for this source, finest first. An IPv6 customer holds a whole /64 and often a /56 or /48, so
    /// counting addresses alone would count nothing (THR-07).
    pub fn prefixes(&self) -> impl Iterator<Item = Prefix> + use<> {
        let widths: &[Width] = match self.0 {
            None => &[Width::Unknown, Width::Everyone],
            Some(IpAddr::V4(_)) => &[Width::Address4, Width::Net24, Width::Everyone],
            Some(IpAddr::V6(_)) => &[Width::Address6, Width::Net64, Width::Net56, Width::Net48, Width::Everyone],
        };
        let bits = match self.0 {
            None => 0,
            Some(IpAddr::V4(address)) => u128::from(address.to_bits()),
            Some(IpAddr::V6(address)) => address.to_bits(),
        };
        widths.iter().map(move |width| Prefix { width: *width, bits: width.cut(bits) })
    }
}

/// How much of an address is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// One IPv4 address.
    Address4,
    /// The 256 IPv4 addresses around it.
    Net24,
    /// One IPv6 address.
    Address6,
    /// The IPv6 network of one link.
    Net64,
    /// The IPv6 networks of one customer.
    Net56,
    /// The IPv6 networks of one site.
    Net48,
    /// All requests without a known address.
    Unknown,
    /// All requests.
    Everyone,
}

impl Width {
    const fn cut(self, bits: u128) -> u128 {
        let away = match self {
            Self::Address4 | Self::Address6 => 0,
            Self::Net24 => 8,
            Self::Net64 => 64,
            Self::Net56 => 72,
            Self::Net48 => 80,
            Self::Unknown | Self::Everyone => return 0,
        };
        bits >> away << away
    }
}

/// One thing that is counted: an address or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    width: Width,
    bits: u128,
}

impl Prefix {
    /// How much it covers.
    #[must_use]
    pub const fn width(&self) -> Width {
        self.width
    }

    /// Its bytes, distinct for distinct prefixes of any width.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 17] {
        let mut bytes = [0; 17];
        let parts = [self.width as u8].into_iter().chain(self.bits.to_be_bytes());
        bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
        bytes
    }
}

/// So many requests within so long: as many at once, and then evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests at once, and within [`Rate::within`] thereafter.
    pub times: NonZeroU32,
    /// The time in which a spent rate is whole again.
    pub within: Span,
}

impl Rate {
    /// `times` a minute; at least one.
    #[must_use]
    pub const fn per_minute(times: u32) -> Self {
        let times = match NonZeroU32::new(times) {
            Some(times) => times,
            None => NonZeroU32::MIN,
        };
        Self { times, within: Span::from_minutes(1) }
    }
}

/// How often each kind of prefix may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLimits {
    /// One address of either family.
    pub address: Rate,
    /// An IPv4 /24.
    pub net24: Rate,
    /// An IPv6 /64.
    pub net64: Rate,
    /// An IPv6 /56.
    pub net56: Rate,
    /// An IPv6 /48.
    pub net48: Rate,
    /// All requests without a known address together.
    pub unknown: Rate,
    /// All requests together.
    pub everyone: Rate,
}

impl Default for SourceLimits {
    fn default() -> Self {
        Self {
            address: Rate::per_minute(30),
            net24: Rate::per_minute(300),
            // One household or one phone: little more than an address.
            net64: Rate::per_minute(60),
            net56: Rate::per_minute(120),
            net48: Rate::per_minute(300),
            unknown: Rate::per_minute(120),
            everyone: Rate::per_minute(6000),
        }
    }
}

impl SourceLimits {
    /// The rate for a prefix of this width.
    #[must_use]
    pub const fn of(&self, width: Width) -> Rate {
        match width {
            Width::Address4 | Width::Address6 => self.address,
            Width::Net24 => self.net24,
            Width::Net64 => self.net64,
            Width::Net56 => self.net56,
            Width::Net48 => self.net48,
            Width::Unknown => self.unknown,
            Width::Everyone => self.everyone,
        }
    }
}

#[cfg(test)]
mod tests;
