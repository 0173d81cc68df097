//! A start at which the slots cannot be looked at.

use appliance_core::update::{Availability, InstallOrder, Updates};
use ota_core::life::{Event, Phase};
use ota_core::slots::Action;

use super::{AnyaBox, Scripted, ada, kept, version};

/// A box that was cut off while it installed, and whose slots cannot be looked at when it starts again.
fn slow_to_start() -> AnyaBox {
    let keeper = Scripted::new();
    keeper.with(|script| script.silent = true);
    let step = Action::VerifyReadBack;
    let slow = AnyaBox::started(keeper, &kept(Phase::Installing { version: version("1.1.0"), step }));
    assert!(matches!(slow.updates.status().availability, Availability::Blocked { .. }));
    slow.keeper.with(|script| script.silent = false);
    slow
}

#[test]
fn what_has_become_of_an_update_is_found_out_later_where_the_start_could_not() {
    let ready = Phase::Ready { version: version("1.1.0") };
    let by_itself = slow_to_start();
    by_itself.follow();
    by_itself.until("settled", |after| after.phase() == ready);
    let by_order = slow_to_start();
    let order = InstallOrder { version: version("1.2.0"), insist: false };
    let refused = by_order.updates.install(&ada(), &order).unwrap_err();
    assert_eq!(refused.to_string(), "Version 1.1.0 is offered, not 1.2.0.");
    assert_eq!(by_order.phase(), ready);
    // And once: what happens from then on is no start.
    by_order.updates.0.on(Event::Step { step: Action::Forget });
    by_order.updates.0.look_at_slots();
    assert!(matches!(by_order.phase(), Phase::Installing { .. }), "{:?}", by_order.phase());
}
