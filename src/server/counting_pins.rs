//! Counts sign-ins on their way to the keeper of PINs.

use std::sync::Arc;

use async_trait::async_trait;

use crate::admin::Metrics;
use crate::policy::pin::{PinCheck, PinFault, PinRefusal, Pins};

/// A keeper of PINs whose answers are counted.
pub(super) struct CountingPins {
    pub(super) keeper: Arc<dyn Pins>,
    pub(super) metrics: Arc<Metrics>,
}

#[async_trait]
impl Pins for CountingPins {
    async fn check(
        &self,
        dial_plan: &str,
        number: &str,
        pin: &str,
        calling: Option<&str>,
    ) -> Result<PinCheck, PinFault> {
        let answer = self.keeper.check(dial_plan, number, pin, calling).await;
        let result = match &answer {
            Ok(PinCheck::Accepted(_)) => "accepted",
            Ok(PinCheck::MustChange(_)) => "must-change",
            Ok(PinCheck::Refused) => "refused",
            Ok(PinCheck::LockedOut) => "locked-out",
            Ok(PinCheck::NotAllowed) => "not-allowed",
            Err(_) => "fault",
        };
        self.metrics.count_kind("sign_in_total", "result", result);
        answer
    }

    async fn is_in_order(&self, user: &str) -> Result<bool, PinFault> {
        self.keeper.is_in_order(user).await
    }

    async fn examine(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault> {
        self.keeper.examine(user, pin).await
    }

    async fn change(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault> {
        self.keeper.change(user, pin).await
    }
}
