//! What a picture or a video says of itself, as columns of the item table.

/// The columns that metadata fills. All of it is what was written there, not what is true.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Media {
    /// Width as stored, in pixels.
    pub width_px: Option<u32>,
    /// Height as stored, in pixels.
    pub height_px: Option<u32>,
    /// Duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Maker of the camera.
    pub exif_make: Option<String>,
    /// Model of the camera.
    pub exif_model: Option<String>,
    /// Serial number of the camera's body.
    pub exif_serial: Option<String>,
    /// When it was taken, ISO 8601; with a zone only where one was written.
    pub exif_taken: Option<String>,
    /// Degrees north.
    pub exif_latitude: Option<Degrees>,
    /// Degrees east.
    pub exif_longitude: Option<Degrees>,
}

/// An angle in ten-millionths of a degree: about a centimetre, and exact in a table's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Degrees(i32);

impl Degrees {
    /// From ten-millionths of a degree.
    pub fn from_e7(ten_millionths: i32) -> Self {
        Self(ten_millionths)
    }

    /// In ten-millionths of a degree.
    pub fn e7(self) -> i32 {
        self.0
    }

    /// As a number of degrees.
    pub fn degrees(self) -> f64 {
        f64::from(self.0) / 1e7
    }

    /// The nearest angle; none where the number is none that an angle can have.
    pub fn from_degrees(degrees: f64) -> Option<Self> {
        let e7 = (degrees * 1e7).round();
        #[expect(clippy::cast_possible_truncation, reason = "in range")]
        (e7.abs() <= 1_800_000_000.0).then_some(Self(e7 as i32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_angle_comes_back_from_its_number() {
        for e7 in [0, 1, -1, 502_600_000, -1_800_000_000, 1_799_999_999] {
            let angle = Degrees::from_e7(e7);
            assert_eq!(Degrees::from_degrees(angle.degrees()), Some(angle));
        }
        assert_eq!(Degrees::from_degrees(f64::NAN), None);
        assert_eq!(Degrees::from_degrees(181.0), None);
    }
}
