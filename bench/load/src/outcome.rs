//! What a run prints.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::args::Common;
use crate::clock::Nanos;
use crate::failure::Result;
use crate::meter::Meter;
use crate::probe::Memory;

/// The outcome of a run in which every delivery was right.
#[derive(Serialize)]
pub(crate) struct Outcome {
    /// Name of the scenario.
    pub(crate) scenario: &'static str,
    /// How many subscribers there were.
    pub(crate) connections: usize,
    /// Bytes in each message.
    pub(crate) size: u32,
    /// Deliveries and what they cost.
    #[serde(flatten)]
    pub(crate) measured: Option<Measured>,
    /// Memory at the end of the run.
    pub(crate) memory: Option<Memory>,
    /// What an idle connection costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idle: Option<Idle>,
}

/// Deliveries and what they cost.
#[derive(Serialize)]
pub(crate) struct Measured {
    /// Messages received, all of them right.
    pub(crate) deliveries: u64,
    /// From the first measured message sent to the last received.
    pub(crate) seconds: f64,
    /// The one by the other.
    pub(crate) deliveries_per_second: f64,
    /// Packets that did not arrive, or requests that had to be sent again, where some may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lost: Option<u64>,
    /// From before the publisher's write to after the receiver's read.
    pub(crate) latency_us: Latency,
    /// What the server's processes used meanwhile.
    pub(crate) server: Option<Server>,
}

/// Latencies in microseconds.
#[derive(Serialize)]
pub(crate) struct Latency {
    /// Half of all deliveries took no longer.
    pub(crate) p50: f64,
    /// 99 % took no longer.
    pub(crate) p99: f64,
    /// None took longer.
    pub(crate) max: f64,
}

/// CPU time, user and system, of the server's processes.
#[derive(Serialize)]
pub(crate) struct Server {
    /// All of it.
    pub(crate) cpu_seconds: f64,
    /// For each delivery, in microseconds.
    pub(crate) cpu_us_per_delivery: f64,
    /// How many cores it kept busy.
    pub(crate) cores: f64,
}

/// What an idle connection costs.
#[derive(Serialize)]
pub(crate) struct Idle {
    /// Growth of heap, stacks and shared memory per connection, before any message.
    pub(crate) bytes_per_connection: f64,
    /// The same after one message went to every connection.
    pub(crate) bytes_per_connection_after_message: f64,
    /// Server CPU, in microseconds per second, while nothing happens.
    pub(crate) cpu_us_per_second: f64,
}

/// What was seen of connections that say nothing.
pub(crate) struct Idling {
    /// What the server held without them.
    pub(crate) before: Memory,
    /// And with them.
    pub(crate) opened: Memory,
    /// And when each had said something.
    pub(crate) after: Memory,
    /// The CPU it used in `settle` while they said nothing.
    pub(crate) cpu: Nanos,
    /// How long that was.
    pub(crate) settle: Duration,
}

impl Outcome {
    /// Of deliveries that `meter` has measured, with what the server holds now.
    pub(crate) fn of_deliveries(
        scenario: &'static str,
        common: &Common,
        measured: Measured,
        meter: &Meter,
    ) -> Result<Self> {
        Ok(Self {
            scenario,
            connections: common.connections,
            size: common.size,
            measured: Some(measured),
            memory: meter.server_memory()?,
            idle: None,
        })
    }

    /// Of connections that say nothing.
    pub(crate) fn of_idling(scenario: &'static str, common: &Common, seen: &Idling) -> Self {
        let Idling { before, opened, after, cpu, settle } = seen;
        let grown = |memory: &Memory| {
            (memory.own_kib as f64 - before.own_kib as f64) * 1024.0 / common.connections as f64
        };
        Self {
            scenario,
            connections: common.connections,
            size: common.size,
            measured: None,
            memory: Some(*after),
            idle: Some(Idle {
                bytes_per_connection: grown(opened),
                bytes_per_connection_after_message: grown(after),
                cpu_us_per_second: *cpu as f64 / 1e3 / settle.as_secs_f64(),
            }),
        }
    }

    /// One line of JSON.
    pub(crate) fn to_json(&self) -> String {
        self.value().to_string()
    }

    /// One line per figure.
    pub(crate) fn to_text(&self) -> String {
        let mut lines = Vec::new();
        list("", &self.value(), &mut lines);
        lines.join("\n")
    }

    fn value(&self) -> Value {
        serde_json::to_value(self).expect("numbers and strings are always JSON")
    }
}

fn list(name: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| list(&format!("{name} {key}"), value, lines))
        }
        Value::Null => {}
        Value::Number(number) if number.is_f64() => {
            lines.push(format!("{:40} {:.3}", name.trim().replace('_', " "), number.as_f64().unwrap_or(0.0)));
        }
        other => lines.push(format!("{:40} {other}", name.trim().replace('_', " "))),
    }
}
