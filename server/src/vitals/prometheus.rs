//! [`Vitals`] as Prometheus reads them.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric, text::encode},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use super::Vitals;
use crate::metrics::Distribution;

impl Vitals {
    /// The text at `/metrics`.
    #[must_use]
    pub fn prometheus(self) -> String {
        let mut registry = Registry::with_prefix("chat");
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn gauge(&mut self, name: &str, help: &str, unit: Option<Unit>, value: impl EncodeGaugeValue) -> fmt::Result {
        let gauge = ConstGauge::new(value);
        gauge.encode(self.0.encode_descriptor(name, help, unit.as_ref(), gauge.metric_type())?)
    }

    fn counter(&mut self, name: &str, help: &str, unit: Option<Unit>, value: u64) -> fmt::Result {
        let counter = ConstCounter::new(value);
        counter.encode(self.0.encode_descriptor(name, help, unit.as_ref(), counter.metric_type())?)
    }

    fn histogram(&mut self, name: &str, help: &str, unit: Option<Unit>, of: &Distribution) -> fmt::Result {
        let mut classes = of.classes.clone();
        classes.push((f64::MAX, of.beyond));
        let mut encoder = self.0.encode_descriptor(name, help, unit.as_ref(), MetricType::Histogram)?;
        encoder.encode_histogram::<&[(&str, &str)]>(of.sum, of.count(), &classes, None)
    }

    /// One counter for each value of a label.
    fn family(
        &mut self,
        (name, help, unit): (&str, &str, Option<Unit>),
        label: &'static str,
        values: impl Iterator<Item = (String, impl EncodeCounterValue)>,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, unit.as_ref(), MetricType::Counter)?;
        for (value, count) in values {
            let labels = [(label, value)];
            ConstCounter::new(count).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

impl Collector for Vitals {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        {
            let labels: &[(&str, String)] = &[("version", self.version.clone()), ("durability", self.durability.clone())];
            let mut encoder =
                page.0.encode_descriptor("build", "What runs, and what its acknowledgements mean", None, MetricType::Info)?;
            encoder.encode_info(&labels)?;
        }
        page.gauge("start_time", "When it was started", Some(Unit::Seconds), self.started.0 as f64 / 1000.0)?;
        page.gauge("draining", "Whether it is going down", None, u64::from(self.draining))?;
        page.gauge("connections", "Open WebSocket connections", None, self.connections)?;
        page.counter("connects", "Connections that were begun", None, self.connects)?;
        page.gauge("rooms", "Rooms that somebody is in", None, self.rooms)?;
        page.gauge("users", "Names in use", None, self.users)?;
        page.gauge("accounts", "Accounts", None, self.accounts)?;
        page.counter("messages", "Events that the log kept", None, self.messages)?;
        page.counter("deliveries", "Events given to a connection", None, self.deliveries)?;
        let fewer = "Goes in which they were given: fewer where several go together";
        page.counter("tellings", fewer, None, self.tellings)?;
        page.counter("sent", "What sockets took of it all", Some(Unit::Bytes), self.sent_bytes)?;
        page.counter("received", "What was said by connections", Some(Unit::Bytes), self.received_bytes)?;
        page.gauge("queue", "Waiting for slow readers", Some(Unit::Bytes), self.queue_bytes)?;
        page.gauge("slow_readers", "Connections for which something waits", None, self.slow_readers)?;
        page.histogram("commit", "Time of one commit", Some(Unit::Seconds), &self.commit_seconds)?;
        page.histogram("commit_size", "Writes in one commit", None, &self.commit_sizes)?;
        let drops = self.drops.iter().map(|(reason, count)| (reason.clone(), *count));
        page.family(("drops", "What was dropped or closed, by reason", None), "reason", drops)?;
        page.gauge("log_writable", "Whether the last write went well", None, u64::from(self.log_writable))?;
        page.gauge("tasks", "The server's own work that is not over", None, self.tasks)?;
        let expires = self.tls_expires.map_or(0.0, |expires| expires.0 as f64 / 1000.0);
        page.gauge("tls_expires", "When the certificate is over; 0 without TLS", Some(Unit::Seconds), expires)?;
        if let Some(store) = &self.store {
            page.gauge("store", "What the store takes", Some(Unit::Bytes), store.bytes)?;
            page.gauge("disk_free", "What is left on its disk", Some(Unit::Bytes), store.free_bytes)?;
        }
        let process = &self.process;
        page.gauge("memory", "Resident", Some(Unit::Bytes), process.memory_bytes)?;
        page.gauge("open_files", "Open files, which connections are", None, process.files)?;
        page.gauge("open_files_most", "As many there may be", None, process.files_most)?;
        let threads = process.threads.iter().map(|thread| (thread.name.clone(), thread.cpu_seconds));
        page.family(("cpu", "Time of processors, by thread", Some(Unit::Seconds)), "thread", threads)?;
        let whole = [("all".to_owned(), process.cpu_seconds)].into_iter();
        page.family(("process_cpu", "Time of processors, of all threads", Some(Unit::Seconds)), "of", whole)
    }
}
