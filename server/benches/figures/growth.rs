//! Whether a delivery costs the same with many members, and with many rooms.
//!
//! A message costs something before the first delivery, which ten members share and 10,000 do not notice. So with members it is
//! the cost of one more delivery that is looked at: beyond what a message costs its sender alone. Memory is slower than caches,
//! for a bare loop too, so the loop stands beside it.

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
const MORE: &str = "CPU µs per delivery beyond a lone one";
const TIMES: &str = "× ten";
const TIMES_ROOM: &str = "× one room";

const SERVER: Program = Program::Server { threads: 1, durable: false };
const FLOOR: Program = Program::Floor { how: How::Each, threads: 1 };

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    members(plan, table)?;
    rooms(plan, table)
}

fn members(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let (mut alone, mut ten) = (Vec::new(), Vec::new());
    for members in [1, 10, 100, 1000, 10_000] {
        let talk = talk(MEMBERS, 1, members);
        let worked = talk::work(plan, table, &talk, &[SERVER, FLOOR])?;
        let (server, floor) = (&worked[&SERVER], &worked[&FLOOR]);
        for (round, (server, floor)) in server.iter().zip(floor).enumerate() {
            let row = format!("{members} {}", if members == 1 { "member" } else { "members" });
            table.add(MEMBERS, &row, COST, server.each());
            table.add(MEMBERS, &row, "of a bare `send`", floor.each());
            table.add(MEMBERS, &row, BARE, server.each() / floor.each());
            if members == 1 {
                alone.push(of_a_message(server));
                continue;
            }
            let more = (of_a_message(server) - alone[round]) / (members - 1) as f64;
            table.add(MEMBERS, &row, MORE, more);
            if members == 10 {
                ten.push(more);
            } else {
                table.aim(MEMBERS, &row, TIMES, FLAT, more / ten[round]);
            }
        }
    }
    Ok(())
}

fn rooms(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let mut one = Vec::new();
    for rooms in [1, 100, 10_000] {
        let talk = talk(ROOMS, rooms, 10);
        let worked = talk::work(plan, table, &talk, &[SERVER, FLOOR])?;
        let (server, floor) = (&worked[&SERVER], &worked[&FLOOR]);
        for (round, (server, floor)) in server.iter().zip(floor).enumerate() {
            let row = format!("{rooms} {}", if rooms == 1 { "room" } else { "rooms" });
            table.add(ROOMS, &row, COST, server.each());
            table.add(ROOMS, &row, "of a bare `send`", floor.each());
            table.add(ROOMS, &row, BARE, server.each() / floor.each());
            if rooms == 1 {
                one.push(server.each());
            } else {
                table.aim(ROOMS, &row, TIMES_ROOM, FLAT, server.each() / one[round]);
            }
        }
    }
    Ok(())
}

fn of_a_message(work: &Work) -> f64 {
    work.cpu.as_secs_f64() * 1e6 / work.messages as f64
}

fn talk(title: &'static str, rooms: usize, members: usize) -> Talk {
    let rooms_each = rooms.min(ROOMS_EACH);
    Talk { title, rooms, members, speakers: 1, rooms_each, pace: Pace::Closed(1), aims: &[] }
}
