//! The courier by examples, and by whatever may happen.

use proptest::prelude::*;

use super::*;

const SETTINGS: Settings = Settings {
    timeout_ms: 1000,
    retries: 2,
    parallel: 2,
    queue: 3,
    breaker_failures: 0,
    breaker_pause_ms: 500,
};

fn passing() -> Attempt<()> {
    Attempt::Passing("no connection".into())
}

fn sent(courier: &mut Courier<u32>, now_ms: u64) -> Option<Number> {
    match courier.next(now_ms) {
        Some(Step::Send(number, _)) => Some(number),
        None => None,
        Some(given) => panic!("{given:?}"),
    }
}

#[test]
fn in_order_and_not_too_many_at_once() {
    let mut courier = Courier::new(SETTINGS);
    for what in 0..5 {
        assert_eq!(courier.take(what, 0), Ok(()));
    }
    assert_eq!(courier.take(5, 0), Err((5, Failure::Full)));
    assert_eq!(
        (sent(&mut courier, 0), sent(&mut courier, 0), sent(&mut courier, 0)),
        (Some(0), Some(1), None)
    );
    assert_eq!(courier.finished(1, Attempt::Answered("yes"), 5), Some((1, Ok("yes"))));
    assert_eq!(courier.take(5, 5), Ok(()));
    assert_eq!(sent(&mut courier, 5), Some(2));
}

#[test]
fn again_after_a_while_that_doubles_and_then_no_more() {
    let mut courier = Courier::new(SETTINGS);
    courier.take(7, 0).unwrap();
    assert_eq!(courier.next(0), Some(Step::Send(0, 1000)));
    assert_eq!(courier.finished(0, passing(), 10), None);
    assert_eq!((courier.next(109), courier.wake_at()), (None, Some(110)));
    assert_eq!(courier.next(110), Some(Step::Send(0, 890)));
    assert_eq!(courier.finished(0, passing(), 120), None);
    assert_eq!((courier.next(319), courier.wake_at()), (None, Some(320)));
    assert_eq!(courier.next(320), Some(Step::Send(0, 680)));
    let failed = Failure::Failed("no connection".into());
    assert_eq!(courier.finished(0, passing(), 330), Some((7, Err(failed))));
    assert!(courier.is_empty());
}

#[test]
fn not_again_when_there_is_no_time_or_no_sense() {
    let mut courier = Courier::new(SETTINGS);
    courier.take(1, 0).unwrap();
    courier.take(2, 0).unwrap();
    assert_eq!((sent(&mut courier, 0), sent(&mut courier, 0)), (Some(0), Some(1)));
    assert!(matches!(courier.finished(0, passing(), 900), Some((1, Err(_)))));
    let refused: Attempt<()> = Attempt::Final("404".into());
    assert_eq!(courier.finished(1, refused, 10), Some((2, Err(Failure::Failed("404".into())))));
}

#[test]
fn what_waited_too_long_is_given_up() {
    let mut courier = Courier::new(Settings { parallel: 1, ..SETTINGS });
    courier.take(1, 0).unwrap();
    courier.take(2, 0).unwrap();
    assert_eq!(sent(&mut courier, 0), Some(0));
    assert_eq!(courier.wake_at(), Some(1000));
    assert_eq!(courier.next(1000), Some(Step::Give(2, Failure::TooLate)));
}

#[test]
fn an_application_that_fails_is_left_in_peace_and_then_probed() {
    let mut courier = Courier::new(Settings { retries: 0, breaker_failures: 1, ..SETTINGS });
    courier.take(1, 0).unwrap();
    assert_eq!(sent(&mut courier, 0), Some(0));
    assert!(matches!(courier.finished(0, passing(), 0), Some((1, Err(_)))));
    assert!(courier.is_open());
    courier.take(2, 499).unwrap();
    assert_eq!(courier.next(499), Some(Step::Give(2, Failure::Open)));
    courier.take(3, 500).unwrap();
    courier.take(4, 500).unwrap();
    assert_eq!(sent(&mut courier, 500), Some(2));
    assert_eq!(courier.next(500), Some(Step::Give(4, Failure::Open)));
    assert_eq!(courier.finished(2, Attempt::Answered(()), 510), Some((3, Ok(()))));
    assert!(!courier.is_open());
}

proptest! {
    /// Whatever happens, each question is answered or given up once, in its time, and is not sent more often than it may.
    #[test]
    fn every_question_has_one_end(
        steps in prop::collection::vec((0u8..4, 0u64..400), 1..200),
        retries in 0u32..3, parallel in 1usize..3, queue in 0usize..4, breaker_failures in 0u32..3,
    ) {
        let settings = Settings { retries, parallel, queue, breaker_failures, ..SETTINGS };
        let mut courier = Courier::new(settings);
        let (mut now, mut taken, mut ended, mut turned_away) = (0u64, 0u32, Vec::new(), 0);
        let mut running = Vec::new();
        let mut times_sent = std::collections::HashMap::new();
        for (step, pause) in steps.into_iter().chain((0..64).map(|_| (3, 500))) {
            now += pause;
            match step {
                0 | 1 => {
                    taken += 1;
                    if courier.take(taken, now).is_err() {
                        turned_away += 1;
                    }
                }
                _ => {
                    if let Some(number) = running.pop() {
                        let attempt = match step { 2 => passing(), _ => Attempt::Answered(()) };
                        ended.extend(courier.finished(number, attempt, now).map(|(what, _)| what));
                    }
                }
            }
            while let Some(next) = courier.next(now) {
                match next {
                    Step::Send(number, left) => {
                        prop_assert!(left > 0 && left <= settings.timeout_ms);
                        let times = times_sent.entry(number).or_insert(0);
                        *times += 1;
                        prop_assert!(*times <= retries + 1);
                        running.push(number);
                    }
                    Step::Give(what, _) => ended.push(what),
                }
            }
            prop_assert!(running.len() <= parallel);
            prop_assert!(courier.wake_at().is_none_or(|at| at > now));
        }
        prop_assert!(courier.is_empty());
        ended.sort_unstable();
        ended.dedup();
        prop_assert_eq!(ended.len() + turned_away, taken as usize);
    }
}
