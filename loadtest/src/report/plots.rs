//! Which charts a run has, and what stands in each.

use super::chart::{BLUE, Chart, GREEN, GREY, Line, Look, ORANGE, Scale, VIOLET};
use crate::drive::{Latency, Moment, Outcome, RIGHT_S, RIGHT_SHARE, Times};

/// A chart, the name of its file, and what one may see in it.
pub(super) struct Plot {
    pub file: &'static str,
    pub says: &'static str,
    pub chart: Chart,
}

/// Those that have something to show, in the order of the report.
pub(super) fn plots(outcome: &Outcome) -> Vec<Plot> {
    let all = [
        offered_and_achieved(outcome),
        latency_over_time(outcome),
        latency_by_percentile(outcome),
        people(outcome),
        server(outcome),
        waits(outcome),
        estimates(outcome),
        stairs(outcome),
    ];
    all.into_iter().flatten().collect()
}

fn offered_and_achieved(outcome: &Outcome) -> Option<Plot> {
    let line = |name, colour, of: fn(&Moment) -> f64| {
        let points = outcome.course.iter().map(|it| (it.at_s, of(it)));
        Line::new(name, colour, points.collect())
    };
    let lines = vec![
        line("messages meant to be sent", ORANGE, |it| it.offered_per_s),
        line("messages acknowledged", BLUE, |it| it.achieved_per_s),
        line("conversations begun", GREY, |it| it.arrivals_per_s),
    ];
    Some(Plot {
        file: "offered-achieved",
        says: "What customers meant to send, each second, against what the server had stored and \
               acknowledged. Where the blue line falls behind the orange one, the server did too.",
        chart: Chart {
            title: "Offered and achieved".to_owned(),
            x: Scale::time("seconds from the first arrival", end(outcome)?),
            y: Scale::linear("a second", highest(&lines)),
            right: None,
            lines,
        },
    })
}

fn latency_over_time(outcome: &Outcome) -> Option<Plot> {
    let line = |name, colour, of: fn(&Moment) -> Option<f64>| {
        let points = outcome.course.iter();
        let points = points.filter_map(|it| Some((it.at_s, of(it)?)));
        Line::new(name, colour, points.collect())
    };
    let mut lines = vec![
        line("slowest", GREY, |it| it.ack_max_ms),
        line("99th percentile", ORANGE, |it| it.ack_p99_ms),
        line("median", BLUE, |it| it.ack_p50_ms),
    ];
    let (least, most) = (lowest(&lines)?, highest(&lines));
    if let Some(objective) = &outcome.scenario.objective {
        let at = objective.ack_p99_ms;
        let points = vec![(0.0, at), (end(outcome)?, at)];
        lines.push(Line::new("objective", GREEN, points).looks(Look::Dashed));
    }
    Some(Plot {
        file: "latency-over-time",
        says: "From the moment a customer's message was meant to be sent to its acknowledgement, \
               stored and synced, second by second.",
        chart: Chart {
            title: "Acknowledgement over time".to_owned(),
            x: Scale::time("seconds from the first arrival", end(outcome)?),
            y: Scale::log("milliseconds", least, most),
            right: None,
            lines,
        },
    })
}

fn latency_by_percentile(outcome: &Outcome) -> Option<Plot> {
    let shown = [
        (Latency::Ack, "ack from intended sending", BLUE),
        (Latency::AckService, "ack from actual sending", GREY),
        (Latency::Delivery, "delivery to the agent", ORANGE),
        (Latency::AgentAck, "ack of an agent's reply", GREEN),
        (Latency::Watch, "event at a supervisor", VIOLET),
    ];
    let lines: Vec<Line> = shown
        .into_iter()
        .filter_map(|(latency, name, colour)| {
            let times = outcome.times.get(&latency)?;
            Some(Line::new(name, colour, by_percentile(times)))
        })
        .collect();
    let count = outcome.times.get(&Latency::Ack)?.count();
    Some(Plot {
        file: "latency-by-percentile",
        says: "Read upwards from a share: so many of all messages took at most this long. The rightmost \
               part is the rarest and slowest.",
        chart: Chart {
            title: "Latency by percentile".to_owned(),
            x: Scale::nines("share of messages", count),
            y: Scale::log("milliseconds", lowest(&lines)?, highest(&lines)),
            right: None,
            lines,
        },
    })
}

/// (1 / (1 − share), milliseconds), up to the last single value.
fn by_percentile(times: &Times) -> Vec<(f64, f64)> {
    let last = (times.count().max(1) as f64).log10();
    let steps = (last * 40.0).ceil().max(1.0) as u32;
    (0..=steps)
        .map(|step| {
            let nines = 10_f64.powf(last * f64::from(step) / f64::from(steps));
            (nines, times.ms_at(1.0 - 1.0 / nines).max(0.001))
        })
        .collect()
}

fn people(outcome: &Outcome) -> Option<Plot> {
    let line = |name, colour, of: fn(&Moment) -> u64| {
        let points = outcome.course.iter().map(|it| (it.at_s, of(it) as f64));
        Line::new(name, colour, points.collect())
    };
    let lines = vec![
        line("customers connected", BLUE, |it| it.here),
        line("of them waiting for a person", ORANGE, |it| it.waiting),
    ];
    Some(Plot {
        file: "people",
        says: "How many customers were connected at once, and how many of them waited for a person.",
        chart: Chart {
            title: "Customers here and waiting".to_owned(),
            x: Scale::time("seconds from the first arrival", end(outcome)?),
            y: Scale::linear("customers", highest(&lines)),
            right: None,
            lines,
        },
    })
}

fn server(outcome: &Outcome) -> Option<Plot> {
    let samples = &outcome.samples;
    let last = samples.last()?;
    let at = |us: u64| us as f64 / 1e6;
    let mut lines = vec![Line::new(
        "processors of the harness",
        GREY,
        samples
            .iter()
            .map(|it| (at(it.at_us), it.own_cores))
            .collect(),
    )];
    let memory: Vec<(f64, f64)> = samples
        .iter()
        .map(|it| (at(it.at_us), it.server_rss_bytes as f64 / 1e6))
        .collect();
    let known = memory.iter().any(|(_, megabytes)| *megabytes > 0.0);
    let most_memory = memory.iter().map(|it| it.1).fold(0.0, f64::max);
    if known {
        let cores = samples.iter().map(|it| (at(it.at_us), it.server_cores));
        lines.insert(
            0,
            Line::new("processors of the server", BLUE, cores.collect()),
        );
    }
    let cores = f64::from(outcome.machine.cores);
    let right = known.then(|| Scale::linear("resident memory, MB", most_memory));
    if known {
        lines.push(Line::new("memory of the server", ORANGE, memory).on_the_right());
    }
    Some(Plot {
        file: "server",
        says: "Processors in use and the server's memory. The harness runs on the same machine where it \
               starts the server itself; what it uses, the server lacks.",
        chart: Chart {
            title: "Processors and memory".to_owned(),
            x: Scale::time("seconds from the first arrival", at(last.at_us)),
            y: Scale::linear("processors in use", cores),
            right,
            lines,
        },
    })
}

fn waits(outcome: &Outcome) -> Option<Plot> {
    let lines: Vec<Line> = [
        (Latency::WaitStandard, "standard", BLUE),
        (Latency::WaitVip, "VIP", ORANGE),
    ]
    .into_iter()
    .filter_map(|(latency, name, colour)| {
        let times = outcome.times.get(&latency)?;
        let points = (0..=100).map(|percent| {
            let seconds = times.ms_at(f64::from(percent) / 100.0) / 1_000.0;
            (f64::from(percent), seconds)
        });
        Some(Line::new(name, colour, points.collect()))
    })
    .collect();
    lowest(&lines)?;
    Some(Plot {
        file: "waits",
        says: "From asking for a person to one being there, of those who were served. A VIP line below \
               the other is what a tier is worth.",
        chart: Chart {
            title: "Waits for a person".to_owned(),
            x: Scale::time("share of customers served, %", 100.0),
            y: Scale::linear("seconds", highest(&lines)),
            right: None,
            lines,
        },
    })
}

fn estimates(outcome: &Outcome) -> Option<Plot> {
    let estimates = &outcome.queueing.estimates;
    let share = estimates.right_share()?;
    let pairs: Vec<(f64, f64)> = estimates
        .pairs_s
        .iter()
        .map(|(told, took)| (*took, *told))
        .collect();
    let longest = pairs.iter().map(|it| it.0).fold(1.0, f64::max);
    let most = pairs
        .iter()
        .map(|it| it.1)
        .fold(longest + RIGHT_S, f64::max);
    let steps = (0..=60).map(|step| longest * f64::from(step) / 60.0);
    let steps: Vec<f64> = steps.collect();
    let edge = |sign: f64| {
        let points = steps.iter().map(|took| {
            let off = RIGHT_S.max(RIGHT_SHARE * took);
            (*took, (took + sign * off).max(0.0))
        });
        points.collect()
    };
    Some(Plot {
        file: "estimates",
        says: "The first estimate each customer was told, against how long it took from then. Between the \
               dashed lines an estimate counts as right: within 60 s or a quarter of the wait. Estimates \
               are told in whole minutes.",
        chart: Chart {
            title: format!("Wait estimates: {:.1} % right", share * 100.0),
            x: Scale::linear("seconds it took", longest),
            y: Scale::linear("seconds told", most),
            right: None,
            lines: vec![
                Line::new("estimate", BLUE, pairs).looks(Look::Dots),
                Line::new("bounds", GREEN, edge(1.0)).looks(Look::Dashed),
                Line::new("", GREEN, edge(-1.0)).looks(Look::Dashed),
            ],
        },
    })
}

fn stairs(outcome: &Outcome) -> Option<Plot> {
    let steps = &outcome.steps;
    steps.first()?;
    let objective = outcome.scenario.objective_or_default().ack_p99_ms;
    let points = |of: fn(&crate::drive::Step) -> f64| {
        let points = steps.iter().map(|it| (it.offered_per_s, of(it).max(0.01)));
        points.collect::<Vec<_>>()
    };
    let most = steps.iter().map(|it| it.offered_per_s).fold(0.0, f64::max);
    let lines = vec![
        Line::new("99th percentile", ORANGE, points(|it| it.ack_p99_ms)),
        Line::new("median", BLUE, points(|it| it.ack_p50_ms)),
        Line::new(
            "objective",
            GREEN,
            vec![(0.0, objective), (most, objective)],
        )
        .looks(Look::Dashed),
    ];
    Some(Plot {
        file: "saturation",
        says: "Each point is a step of the staircase, by its second half. The knee is the last one below \
               the dashed line.",
        chart: Chart {
            title: match outcome.knee() {
                Some(knee) => format!("Knee at {:.0} messages a second", knee.offered_per_s),
                None => "No step held the objective".to_owned(),
            },
            x: Scale::linear("messages meant to be sent a second", most),
            y: Scale::log(
                "milliseconds to the acknowledgement",
                lowest(&lines)?,
                highest(&lines),
            ),
            right: None,
            lines,
        },
    })
}

/// Of the run, where there was one.
fn end(outcome: &Outcome) -> Option<f64> {
    let last = outcome.course.last()?.at_s;
    (last > 0.0).then_some(last)
}

fn highest(lines: &[Line]) -> f64 {
    let values = lines.iter().flat_map(|line| line.points.iter());
    values.map(|(_, value)| *value).fold(1e-3, f64::max)
}

/// `None` where there is no point at all.
fn lowest(lines: &[Line]) -> Option<f64> {
    let values = lines.iter().flat_map(|line| line.points.iter());
    values.map(|(_, value)| *value).min_by(f64::total_cmp)
}
