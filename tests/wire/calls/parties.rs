//! Who calls whom, and whose calls they were.

use ringback::sip::DiversionReason;

use super::{House, phone_rtp};
use crate::phone::offer;

#[tokio::test]
async fn the_parties_of_a_diverted_call() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let extra = "Diversion: \"Bob, Busy\" <sip:2002@pbx.example>;reason=user-busy;counter=1, <sip:2003@pbx.example>;reason=no-answer\r\n\
                 Diversion: <tel:+1-555-0104>;reason=\"unconditional\"\r\n\
                 History-Info: <sip:2009@pbx.example>;index=1, <sip:7000@pbx.example>;index=1.1\r\n\
                 P-Asserted-Identity: \"Alice\" <sip:2001@pbx.example>, <tel:+15550101>\r\n";
    let invite = call.invite(extra, &offer(phone_rtp()));
    phone.send(invite).await;
    let incoming = house.next_call().await;
    let diversions: Vec<_> = incoming
        .diversions
        .iter()
        .map(|diversion| (diversion.party.user.as_str(), diversion.reason))
        .collect();
    assert_eq!(
        diversions,
        [
            ("2002", DiversionReason::UserBusy),
            ("2003", DiversionReason::NoAnswer),
            ("+15550104", DiversionReason::Unconditional)
        ]
    );
    assert_eq!(
        incoming.diversions[0].party.display_name.as_deref(),
        Some("Bob, Busy")
    );
    let asserted = incoming.asserted.as_ref().unwrap();
    assert_eq!(
        (asserted.user.as_str(), asserted.display_name.as_deref()),
        ("2001", Some("Alice"))
    );
    assert_eq!(incoming.to.user, "7000");
    assert!(!incoming.is_private);
    assert_eq!(incoming.source, phone.local);
    assert_eq!(incoming.local_ip, phone.server.ip());
}

#[tokio::test]
async fn a_history_with_escaped_reasons() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let extra = "History-Info: <sip:2002@pbx.example?Reason=SIP%3Bcause%3D408%3Btext%3D%22No%20Answer%22>;index=1\r\n\
                 History-Info: <sip:7000@pbx.example;user=phone>;index=1.1\r\n";
    let invite = call.invite(extra, &offer(phone_rtp()));
    phone.send(invite).await;
    let incoming = house.next_call().await;
    assert_eq!(incoming.diversions.len(), 1);
    assert_eq!(incoming.diversions[0].party.user, "2002");
    assert_eq!(incoming.diversions[0].reason, DiversionReason::NoAnswer);
}

#[tokio::test]
async fn numbers_in_all_kinds_of_uri() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    for (uri, user) in [
        ("tel:+1-555-0100;phone-context=example.com", "+15550100"),
        ("sip:+1555(0)100@127.0.0.1;user=phone", "+15550100"),
        ("sip:%37000@127.0.0.1", "7000"),
        ("sip:7000;npdi;x=y@127.0.0.1:5060;transport=udp", "7000"),
        ("sips:7000@pbx.example", "7000"),
        ("sip:127.0.0.1", ""),
    ] {
        let mut call = phone.call("7000");
        call.target = uri.into();
        let invite = call.invite("", &offer(phone_rtp()));
        phone.send(invite).await;
        assert_eq!(house.next_call().await.called.user, user, "{uri}");
    }
}

#[tokio::test]
async fn callers_who_hide() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    for (own, extra, is_private) in [
        (
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=hidden1",
            "Privacy: id\r\n",
            true,
        ),
        ("sip:Anonymous@pbx.example;tag=hidden2", "", false),
        (
            "\"Anonymous\" <sip:anonymous@pbx.example>;tag=hidden3",
            "Privacy: none\r\n",
            false,
        ),
    ] {
        let mut call = phone.call("7000");
        call.own = own.into();
        let invite = call.invite(extra, &offer(phone_rtp()));
        phone.send(invite).await;
        let incoming = house.next_call().await;
        assert_eq!(incoming.calling, None, "{own}");
        assert_eq!(incoming.is_private, is_private);
    }
}
