//! A range of ports, as it is written in the settings.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A range of UDP ports, written `20000-29999`, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PortRange {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

impl PortRange {
    /// How many calls fit: each takes an even port for RTP and the odd one above it for RTCP.
    pub fn pairs(self) -> usize {
        let first_even = usize::from(self.first).next_multiple_of(2);
        (usize::from(self.last) + 1).saturating_sub(first_even) / 2
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = || format!("`{text}` is no port range; write it like 20000-29999");
        let (first, last) = text.split_once('-').ok_or_else(wanted)?;
        let port = |digits: &str| digits.trim().parse::<u16>().map_err(|_| wanted());
        let (first, last) = (port(first)?, port(last)?);
        if first < 1_024 || first > last {
            return Err(wanted() + ", from 1024 up, the smaller port first");
        }
        Ok(PortRange { first, last })
    }
}

impl Serialize for PortRange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PortRange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
