//! How well a call was received, as a mean opinion score: the E-model of ITU-T G.107 with its
//! defaults, reduced to what a receiver knows (loss and lateness) for G.711 with concealment.

use std::time::Duration;

/// What was counted on the receiving side.
#[derive(Clone, Copy, Debug, Default)]
pub struct Received {
    /// Packets that came.
    pub packets: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Samples that came too late to be heard.
    pub samples_late: u64,
    /// Interarrival jitter.
    pub jitter: Duration,
}

/// A score and what took from it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Quality {
    /// 1–5.
    pub nmos: f64,
    /// What G.711 can reach less `nmos`.
    pub degradation: f64,
    /// The part that lateness is to blame for.
    pub by_jitter: f64,
    /// The part that loss is to blame for.
    pub by_loss: f64,
}

/// Samples in a packet of 20 ms.
const PACKET: f64 = 160.0;
/// R of an undisturbed call (G.107 defaults).
const R_UNDISTURBED: f64 = 93.2;
/// Packet-loss robustness of G.711 with loss concealment (G.113 appendix I).
const ROBUSTNESS: f64 = 25.1;
/// Ten seconds in packets of 20 ms: less tells nothing.
const PACKETS_NEEDED: u64 = 500;

impl Quality {
    /// The quality of what was received; nothing when it was too little to tell.
    #[expect(clippy::cast_precision_loss, reason = "shares of counts")]
    pub fn of(received: &Received) -> Option<Quality> {
        if received.packets < PACKETS_NEEDED {
            return None;
        }
        let expected = (received.packets + received.lost) as f64;
        let lost = received.lost as f64 / expected * 100.0;
        let late = (received.samples_late as f64 / PACKET / expected * 100.0).min(100.0 - lost);
        let best = score(0.0);
        let nmos = score(lost + late);
        let degradation = best - nmos;
        let of_loss = if lost + late > 0.0 {
            lost / (lost + late)
        } else {
            0.0
        };
        let round = |value: f64| (value * 100.0).round() / 100.0;
        Some(Quality {
            nmos: round(nmos),
            degradation: round(degradation),
            by_jitter: round(degradation * (1.0 - of_loss)),
            by_loss: round(degradation * of_loss),
        })
    }
}

/// The score when so many packets of a hundred are not heard.
fn score(missing_percent: f64) -> f64 {
    let impairment = 95.0 * missing_percent / (missing_percent + ROBUSTNESS);
    let r = (R_UNDISTURBED - impairment).clamp(0.0, 100.0);
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7.0e-6).clamp(1.0, 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(packets: u64, lost: u64, samples_late: u64) -> Option<Quality> {
        Quality::of(&Received {
            packets,
            lost,
            samples_late,
            jitter: Duration::from_millis(2),
        })
    }

    #[test]
    fn a_clean_call_has_the_score_of_its_codec() {
        let quality = of(1_000, 0, 0).unwrap();
        assert_eq!(quality.nmos, 4.41);
        assert_eq!(quality.degradation, 0.0);
    }

    #[test]
    fn loss_and_lateness_take_their_parts() {
        let lossy = of(950, 50, 0).unwrap();
        assert!(lossy.nmos > 3.4 && lossy.nmos < 4.0, "{lossy:?}");
        assert_eq!(lossy.by_jitter, 0.0);
        assert_eq!(lossy.by_loss, lossy.degradation);
        let late = of(1_000, 0, 50 * 160).unwrap();
        assert_eq!(late.by_loss, 0.0);
        assert!((late.degradation - lossy.degradation).abs() < 0.1);
        assert!(of(1_000, 9_000, u64::MAX / 2).unwrap().nmos >= 1.0);
    }

    #[test]
    fn a_short_call_tells_nothing() {
        assert!(of(499, 0, 0).is_none());
    }
}
