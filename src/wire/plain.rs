//! What stands for encryption where it is not compiled in: nothing.

use std::io;

use super::failure::Failure;
use super::message::Reader;
use super::settings::{Host, Settings};

/// There is none.
#[derive(Debug)]
pub(super) enum Tls {}

impl Tls {
    pub(super) fn new(_: &Settings, _: &Host) -> Result<Self, String> {
        Err("SSL support is not compiled in".to_owned())
    }

    pub(super) fn is_shaking_hands(&self) -> bool {
        match *self {}
    }

    pub(super) fn put(&mut self, _: &[u8]) -> usize {
        match *self {}
    }

    pub(super) fn wants_write(&self) -> bool {
        match *self {}
    }

    pub(super) fn write_to(&mut self, _: &mut dyn io::Write) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn receive(&mut self, _: &mut dyn io::Read, _: &mut Reader) -> Result<(), Failure> {
        match *self {}
    }

    pub(super) fn check_name(&self, _: &Host) -> Result<(), String> {
        match *self {}
    }

    pub(super) fn end_point(&self) -> Option<Vec<u8>> {
        match *self {}
    }

    pub(super) fn close(&mut self) {
        match *self {}
    }
}
