//! Whether a delivery costs the same with many members, and with many rooms.
//!
//! A message costs something before its first delivery, which ten members share and 10,000 do not notice. So with members it is
//! the cost of one more delivery that is looked at: beyond what a message costs its sender alone. And more sockets cost more for
//! a bare loop, too, because memory is slower than caches: what is judged is that the server's share does not grow.

use crate::{
    Plan,
    floor::How,
    rig::Program,
    table::Table,
    talk::{self, BARE, COST, Pace, Talk, Work},
    workloads::FLAT,
};

const MEMBERS: &str = "Growth with members: one room, one message in flight";
const ROOMS: &str = "Growth with rooms: ten members each, one message in flight, in one room after the other";
/// Of how many rooms one connection is a member: as many as may be.
const ROOMS_EACH: usize = chat_protocol::limits::ROOMS_PER_CONNECTION;
const OF_BARE: &str = "of a bare `send`";
const MORE: &str = "CPU µs of one more delivery";
const MORE_BARE: &str = "of one more bare `send`";
const MORE_TIMES: &str = "one more × bare";
const TIMES_ROOM: &str = "× one room's × bare";
/// With fewer members, the cost of a message is too much of it all for a difference to say something.
const ENOUGH: usize = 100;

const SERVER: Program = Program::Server { threads: 1, durable: false };
const FLOOR: Program = Program::Floor { how: How::Each, threads: 1 };

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    members(plan, table)?;
    rooms(plan, table)
}

fn members(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let mut alone = Vec::new();
    for members in [1, 10, 100, 1000, 10_000] {
        let row = format!("{members} {}", if members == 1 { "member" } else { "members" });
        for (round, (server, floor)) in rounds(plan, table, MEMBERS, 1, members)?.iter().enumerate() {
            cost(table, MEMBERS, &row, server, floor);
            if members == 1 {
                alone.push([server, floor].map(of_a_message));
                continue;
            }
            let more = |work: &Work, alone: f64| (of_a_message(work) - alone) / (members - 1) as f64;
            let [server, floor] = [more(server, alone[round][0]), more(floor, alone[round][1])];
            table.add(MEMBERS, &row, MORE, server);
            table.add(MEMBERS, &row, MORE_BARE, floor);
            if members >= ENOUGH {
                table.aim(MEMBERS, &row, MORE_TIMES, FLAT, server / floor);
            }
        }
    }
    Ok(())
}

fn rooms(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let mut one = Vec::new();
    for rooms in [1, 100, 10_000] {
        let row = format!("{rooms} {}", if rooms == 1 { "room" } else { "rooms" });
        for (round, (server, floor)) in rounds(plan, table, ROOMS, rooms, 10)?.iter().enumerate() {
            cost(table, ROOMS, &row, server, floor);
            let times = server.each() / floor.each();
            if rooms == 1 {
                one.push(times);
            } else {
                table.aim(ROOMS, &row, TIMES_ROOM, FLAT, times / one[round]);
            }
        }
    }
    Ok(())
}

fn cost(table: &mut Table, title: &'static str, row: &str, server: &Work, floor: &Work) {
    table.add(title, row, COST, server.each());
    table.add(title, row, OF_BARE, floor.each());
    table.add(title, row, BARE, server.each() / floor.each());
}

/// What the server and the bare loop did in each round.
fn rounds(
    plan: &Plan,
    table: &mut Table,
    title: &'static str,
    rooms: usize,
    members: usize,
) -> anyhow::Result<Vec<(Work, Work)>> {
    let rooms_each = rooms.min(ROOMS_EACH);
    let talk = Talk { title, rooms, members, speakers: 1, rooms_each, pace: Pace::Closed(1), aims: &[] };
    let mut worked = talk::work(plan, table, &talk, &[SERVER, FLOOR])?;
    let [server, floor] = [SERVER, FLOOR].map(|program| worked.remove(&program).unwrap_or_default());
    Ok(server.into_iter().zip(floor).collect())
}

fn of_a_message(work: &Work) -> f64 {
    work.cpu.as_secs_f64() * 1e6 / work.messages as f64
}
