//! By which way: TCP, IPv6, routes, Contacts, an advertised address.

use std::time::Duration;

use ringback::sip::{CallLegEvent, LegEnd, Listener, Transport};

use super::{House, event, is_hung_up, phone_rtp};
use crate::phone::{Phone, SOON, offer};

#[tokio::test]
async fn calls_over_tcp_and_ipv6() {
    let mut house = House::open().await;
    for (transport, is_ipv6) in [
        (Transport::Tcp, false),
        (Transport::Udp, true),
        (Transport::Tcp, true),
    ] {
        let server = house.address(transport, is_ipv6);
        let mut phone = if transport == Transport::Tcp {
            Phone::tcp(server).await
        } else {
            Phone::udp(server).await
        };
        let sdp = if is_ipv6 {
            offer("[::1]:50000".parse().unwrap())
        } else {
            offer(phone_rtp())
        };
        // Each side hangs up once.
        for we_hang_up in [false, true] {
            let mut call = phone.call("7000");
            let invite = call.invite("", &sdp);
            phone.send(invite).await;
            let incoming = house.next_call().await;
            assert_eq!(
                (incoming.transport, incoming.source),
                (transport, phone.local)
            );
            let any = if is_ipv6 {
                "[::]:40000"
            } else {
                "0.0.0.0:40000"
            };
            let mut leg = incoming
                .answer(any.parse().unwrap(), "[::]:40001".parse().unwrap())
                .await
                .unwrap();
            let answer = phone.answer_to(1, "INVITE").await;
            // Never the unspecified address that the socket is bound to.
            assert_eq!(answer.rtp(), (server.ip(), 40_000).into());
            let expected = if is_ipv6 { "IP6 ::1" } else { "IP4 127.0.0.1" };
            assert!(
                answer.sdp("c=IN ")[0].starts_with(expected),
                "{}",
                answer.body
            );
            let parameter = if transport == Transport::Tcp {
                ";transport=tcp"
            } else {
                ""
            };
            assert_eq!(answer.contact(), format!("sip:{server}{parameter}"));
            call.take(&answer);
            phone.send(call.ack("")).await;
            assert!(matches!(event(&mut leg).await, CallLegEvent::Confirmed));
            if we_hang_up {
                let hang_up = tokio::spawn(async move { leg.hang_up().await });
                let bye = phone.request("BYE").await;
                let via = bye.header("Via");
                assert!(
                    via.starts_with(&format!(
                        "SIP/2.0/{} {server};branch=z9hG4bK",
                        phone.transport()
                    )),
                    "{via}"
                );
                phone.reply(&bye, "200 OK", "", "").await;
                hang_up.await.unwrap();
            } else {
                let bye = call.request("BYE", "", "");
                phone.send(bye).await;
                assert_eq!(is_hung_up(&mut leg).await, LegEnd::Caller);
                assert_eq!(phone.answer_to(2, "BYE").await.status(), 200);
            }
        }
    }
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_breaks_is_connected_anew() {
    let mut house = House::open().await;
    let server = house.address(Transport::Tcp, false);
    // The peer's own listener, named in its Contact.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut phone = Phone::tcp(server).await;
    let mut call = phone.call("7000");
    let connection = call.local;
    call.local = listener.local_addr().unwrap();
    let sdp = offer(phone_rtp());
    let (_, mut leg) = tokio::join!(phone.establish(&mut call, &sdp), house.answer());
    assert!(matches!(event(&mut leg).await, CallLegEvent::Confirmed));
    call.local = connection;
    // Theirs: over a new connection, the same dialog.
    drop(phone);
    let mut phone = Phone::tcp(server).await;
    call.local = phone.local;
    let info = call.request("INFO", "", "");
    phone.send(info).await;
    assert_eq!(phone.answer_to(call.cseq, "INFO").await.status(), 200);
    drop(phone);
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Ours: to the Contact.
    let hang_up = tokio::spawn(async move { leg.hang_up().await });
    let (mut stream, _) = tokio::time::timeout(SOON, listener.accept())
        .await
        .expect("a connection")
        .unwrap();
    let mut buffer = vec![0; 4_096];
    let length = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer)
        .await
        .unwrap();
    let bye = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(bye.starts_with("BYE sip:phone@"), "{bye}");
    let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
    for line in bye.lines().filter(|line| {
        ["Via", "From", "To", "Call-ID", "CSeq"]
            .iter()
            .any(|name| line.starts_with(&format!("{name}:")))
    }) {
        answer += &format!("{line}\r\n");
    }
    answer += "Content-Length: 0\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes())
        .await
        .unwrap();
    hang_up.await.unwrap();
    house.is_empty_within(SOON).await.unwrap();
}

#[tokio::test]
async fn requests_of_ours_follow_the_route_that_was_recorded() {
    let mut house = House::open().await;
    let mut proxy = house.udp_phone().await;
    let mut call = proxy.call("7000");
    let recorded = format!(
        "Record-Route: <sip:{};lr>, <sip:second.example;lr;x=y>\r\nRecord-Route: <sip:third.example;lr=on>\r\n",
        proxy.local
    );
    // The phone behind the proxies is at an address that nobody answers at.
    call.local = "127.0.0.1:9".parse().unwrap();
    let invite = call.invite(&recorded, &offer(phone_rtp())).replace(
        "Via: SIP/2.0/UDP 127.0.0.1:9",
        &format!("Via: SIP/2.0/UDP {}", proxy.local),
    );
    proxy.send(invite).await;
    let leg = house.answer().await;
    let answer = proxy.answer_to(1, "INVITE").await;
    assert_eq!(
        answer
            .all("Record-Route")
            .join(", ")
            .matches("sip:")
            .count(),
        3
    );
    call.take(&answer);
    call.routes.clear();
    let ack = call.ack("").replace(
        "Via: SIP/2.0/UDP 127.0.0.1:9",
        &format!("Via: SIP/2.0/UDP {}", proxy.local),
    );
    proxy.send(ack).await;
    let hang_up = tokio::spawn(async move { leg.hang_up().await });
    let bye = proxy.request("BYE").await;
    assert!(
        bye.start_line.starts_with("BYE sip:phone@127.0.0.1:9"),
        "{}",
        bye.start_line
    );
    let routes = bye.all("Route").join(", ");
    assert_eq!(
        routes,
        format!(
            "<sip:{};lr>, <sip:second.example;lr;x=y>, <sip:third.example;lr=on>",
            proxy.local
        )
    );
    proxy.reply(&bye, "200 OK", "", "").await;
    hang_up.await.unwrap();
}

#[tokio::test]
async fn a_strict_router_gets_what_it_understands() {
    let mut house = House::open().await;
    let mut proxy = house.udp_phone().await;
    let mut call = proxy.call("7000");
    let recorded = format!(
        "Record-Route: <sip:old@{}>, <sip:new.example;lr>\r\n",
        proxy.local
    );
    let invite = call.invite(&recorded, &offer(phone_rtp()));
    proxy.send(invite).await;
    let leg = house.answer().await;
    let answer = proxy.answer_to(1, "INVITE").await;
    call.take(&answer);
    proxy.send(call.ack("")).await;
    let hang_up = tokio::spawn(async move { leg.hang_up().await });
    let bye = proxy.request("BYE").await;
    assert!(
        bye.start_line
            .starts_with(&format!("BYE sip:old@{} ", proxy.local)),
        "{}",
        bye.start_line
    );
    let target = format!("<sip:phone@{};transport=udp>", proxy.local);
    assert_eq!(
        bye.all("Route").join(", "),
        format!("<sip:new.example;lr>, {target}")
    );
    proxy.reply(&bye, "200 OK", "", "").await;
    hang_up.await.unwrap();
}

#[tokio::test]
async fn a_contact_that_moves_is_followed() {
    let mut house = House::open().await;
    let mut phone = house.udp_phone().await;
    let (mut call, leg) = house.call(&mut phone, "").await;
    let mut elsewhere = house.udp_phone().await;
    let old = call.local;
    call.local = elsewhere.local;
    // The Contact is new, the Via is not.
    let update = call
        .request("UPDATE", "", "")
        .replace(&format!("UDP {}", elsewhere.local), &format!("UDP {old}"));
    phone.send(update).await;
    assert_eq!(phone.answer_to(call.cseq, "UPDATE").await.status(), 200);
    let hang_up = tokio::spawn(async move { leg.hang_up().await });
    let bye = elsewhere.request("BYE").await;
    elsewhere.reply(&bye, "200 OK", "", "").await;
    hang_up.await.unwrap();
}

#[tokio::test]
async fn an_advertised_address_stands_in_contact_and_description() {
    let mut house =
        House::open_with(|config| config.advertised_address = Some("203.0.113.7".parse().unwrap()))
            .await;
    let mut phone = house.udp_phone().await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer(phone_rtp()));
    phone.send(invite).await;
    let _leg = house.answer().await;
    let answer = phone.answer_to(1, "INVITE").await;
    assert_eq!(
        answer.contact(),
        format!("sip:203.0.113.7:{}", phone.server.port())
    );
    assert_eq!(answer.rtp(), "203.0.113.7:40000".parse().unwrap());
    // It is of no use to a peer of the other family.
    let server = house.address(Transport::Udp, true);
    let mut phone = Phone::udp(server).await;
    let mut call = phone.call("7000");
    let invite = call.invite("", &offer("[::1]:50000".parse().unwrap()));
    phone.send(invite).await;
    let _leg = house
        .next_call()
        .await
        .answer("[::]:40000".parse().unwrap(), "[::]:40001".parse().unwrap())
        .await
        .unwrap();
    let answer = phone.answer_to(1, "INVITE").await;
    assert_eq!(answer.contact(), format!("sip:{server}"));
    assert_eq!(answer.rtp(), "[::1]:40000".parse().unwrap());
}

#[tokio::test]
async fn each_listener_is_named_to_those_who_come_to_it() {
    let mut house = House::open_with(|config| {
        config.listeners = Vec::new();
        for transport in [Transport::Tcp, Transport::Udp] {
            for ip in ["127.0.0.1", "127.0.0.1", "127.0.0.2"] {
                config.listeners.push(Listener {
                    transport,
                    address: (ip.parse::<std::net::IpAddr>().unwrap(), 0).into(),
                });
            }
        }
    })
    .await;
    for listener in house.endpoint.bound() {
        let server = listener.address;
        let is_stream = listener.transport == Transport::Tcp;
        let mut phone = if is_stream {
            Phone::tcp(server).await
        } else {
            Phone::udp(server).await
        };
        let mut call = phone.call("7000");
        // Nobody else says which listener it was.
        let invite = call.invite(
            "Ringback-Arrived-At: 192.0.2.1:5060\r\n",
            &offer(phone_rtp()),
        );
        phone.send(invite).await;
        let incoming = house.next_call().await;
        incoming.ring().await;
        let ringing = phone
            .wait_for("180", |message| message.status() == 180)
            .await;
        let leg = incoming
            .answer("127.0.0.1:40000".parse().unwrap(), super::rtcp())
            .await
            .unwrap();
        let answer = phone.answer_to(1, "INVITE").await;
        let parameter = if is_stream { ";transport=tcp" } else { "" };
        let contact = format!("sip:{server}{parameter}");
        assert_eq!(
            (ringing.contact(), answer.contact()),
            (&*contact, &*contact)
        );
        call.take(&answer);
        phone.send(call.ack("")).await;
        let update = call.request("UPDATE", "", "");
        phone.send(update).await;
        assert_eq!(
            phone.answer_to(call.cseq, "UPDATE").await.contact(),
            contact
        );
        let hang_up = tokio::spawn(async move { leg.hang_up().await });
        let bye = phone.request("BYE").await;
        let via = bye.header("Via");
        assert!(
            via.starts_with(&format!("SIP/2.0/{} {server};", phone.transport())),
            "{via}"
        );
        assert_eq!(bye.maybe("Ringback-Arrived-At"), None);
        phone.reply(&bye, "200 OK", "", "").await;
        hang_up.await.unwrap();
    }
    house.is_empty_within(SOON).await.unwrap();
}
