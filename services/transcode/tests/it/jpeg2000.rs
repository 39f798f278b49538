//! Our JPEG 2000 decoder beside OpenJPEG's, over the options of OpenJPEG's encoder.
#![expect(unsafe_code, reason = "bindings to a C library")]

use std::ffi::c_void;

use openjpeg_sys as opj;
use transcode_jpeg2000::{Decoded, Error, Expected, decode};

/// An image, and how it is encoded.
#[derive(Debug, Clone)]
struct Case {
    columns: u32,
    rows: u32,
    components: usize,
    precision: u32,
    signed: bool,
    resolutions: i32,
    /// Columns and rows.
    block: [i32; 2],
    progression: i32,
    /// Of each layer: how much smaller it is, or 0 for all of it.
    rates: Vec<f32>,
    precincts: Vec<[i32; 2]>,
    colour_transform: bool,
    /// Markers before packets (2) and behind their headers (4).
    markers: i32,
    block_style: i32,
    lossy: bool,
}

/// Numbers that look random, the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    fn case(&mut self) -> Case {
        let [columns, rows] = [0, 1].map(|_| 1 + self.below(150) as u32);
        let components = self.one_of(&[1, 1, 3, 3, 2, 4]);
        let across = 2 + self.below(9) as i32;
        let down = 2 + self.below(9).min(10 - across as u64) as i32;
        let layers = 1 + self.below(4);
        let mut rates: Vec<f32> =
            (0..layers).map(|layer| (2 + (layers - layer) * (1 + self.below(6))) as f32).collect();
        rates.sort_by(|one, other| other.total_cmp(one));
        if self.below(2) == 0 {
            rates[layers as usize - 1] = 0.0;
        }
        let precincts = self.below(4);
        Case {
            columns,
            rows,
            components,
            precision: 1 + self.below(16) as u32,
            signed: self.below(2) == 1,
            resolutions: 1 + self.below(u64::from(columns.min(rows).ilog2()) + 1) as i32,
            block: [1 << across, 1 << down],
            progression: self.below(5) as i32,
            rates,
            precincts: (0..precincts).map(|_| [0, 1].map(|_| 2 << self.below(9))).collect(),
            colour_transform: components == 3 && self.below(2) == 1,
            markers: self.one_of(&[0, 2, 4, 6]),
            block_style: 0,
            lossy: false,
        }
    }

    /// Noise, slopes, edges, or waves with a little noise.
    fn planes(&mut self, case: &Case) -> Vec<Vec<i32>> {
        let (kind, range) = (self.below(4), 1_i64 << case.precision);
        let least = if case.signed { -(range / 2) } else { 0 };
        let mut value = |at: u32| {
            let (x, y) = (i64::from(at % case.columns), i64::from(at / case.columns));
            let value = match kind {
                0 => self.below(range as u64) as i64,
                1 => (x * x + y) * range / 1000 % range,
                2 => ((x / 5 + y / 7) % 3).min(1) * (range - 1),
                _ => range / 2 + ((x as f64 / 9.0).sin() * range as f64 / 3.0) as i64 + self.below(3) as i64,
            };
            (value.clamp(0, range - 1) + least) as i32
        };
        (0..case.components).map(|_| (0..case.columns * case.rows).map(&mut value).collect()).collect()
    }
}

/// Nothing where OpenJPEG refuses the options.
fn encoded(case: &Case, planes: &[Vec<i32>]) -> Option<Vec<u8>> {
    let mut out = Written::default();
    // SAFETY: zeroed structs of integers are valid; pointers are to live objects; everything made is destroyed at the end.
    unsafe {
        let mut component: opj::opj_image_cmptparm_t = std::mem::zeroed();
        (component.dx, component.dy, component.prec) = (1, 1, case.precision);
        (component.w, component.h, component.sgnd) = (case.columns, case.rows, case.signed.into());
        let mut components = vec![component; case.components];
        let space = opj::COLOR_SPACE::OPJ_CLRSPC_UNSPECIFIED;
        let image = opj::opj_image_create(case.components as u32, components.as_mut_ptr(), space);
        ((*image).x1, (*image).y1) = (case.columns, case.rows);
        for (component, plane) in std::slice::from_raw_parts((*image).comps, case.components).iter().zip(planes) {
            std::slice::from_raw_parts_mut(component.data, plane.len()).copy_from_slice(plane);
        }
        let mut parameters = parameters(case);
        let codec = opj::opj_create_compress(opj::CODEC_FORMAT::OPJ_CODEC_J2K);
        let stream = opj::opj_stream_default_create(0);
        opj::opj_stream_set_user_data(stream, std::ptr::from_mut(&mut out).cast(), None);
        opj::opj_stream_set_write_function(stream, Some(write));
        let is_encoded = opj::opj_setup_encoder(codec, &mut parameters, image) == 1
            && opj::opj_start_compress(codec, image, stream) == 1
            && opj::opj_encode(codec, stream) == 1
            && opj::opj_end_compress(codec, stream) == 1;
        opj::opj_stream_destroy(stream);
        opj::opj_destroy_codec(codec);
        opj::opj_image_destroy(image);
        is_encoded.then_some(out.0)
    }
}

fn parameters(case: &Case) -> opj::opj_cparameters_t {
    // SAFETY: a struct of numbers and arrays, for which zeros are valid, and which the library then fills.
    let mut parameters: opj::opj_cparameters_t = unsafe {
        let mut parameters = std::mem::zeroed();
        opj::opj_set_default_encoder_parameters(&mut parameters);
        parameters
    };
    parameters.numresolution = case.resolutions;
    [parameters.cblockw_init, parameters.cblockh_init] = case.block;
    parameters.prog_order = [
        opj::PROG_ORDER::OPJ_LRCP,
        opj::PROG_ORDER::OPJ_RLCP,
        opj::PROG_ORDER::OPJ_RPCL,
        opj::PROG_ORDER::OPJ_PCRL,
        opj::PROG_ORDER::OPJ_CPRL,
    ][case.progression as usize];
    parameters.cp_disto_alloc = 1;
    parameters.tcp_numlayers = case.rates.len() as i32;
    parameters.tcp_rates[..case.rates.len()].copy_from_slice(&case.rates);
    parameters.csty = case.markers | i32::from(!case.precincts.is_empty());
    parameters.res_spec = case.precincts.len() as i32;
    for (at, &[columns, rows]) in case.precincts.iter().enumerate() {
        (parameters.prcw_init[at], parameters.prch_init[at]) = (columns, rows);
    }
    parameters.tcp_mct = i8::from(case.colour_transform);
    parameters.mode = case.block_style;
    parameters.irreversible = case.lossy.into();
    parameters
}

/// What OpenJPEG has written.
#[derive(Default)]
struct Written(Vec<u8>);

unsafe extern "C" fn write(buffer: *mut c_void, length: opj::OPJ_SIZE_T, user: *mut c_void) -> opj::OPJ_SIZE_T {
    // SAFETY: `user` is what `encoded` gave, and the buffer has `length` bytes.
    unsafe { (*user.cast::<Written>()).0.extend_from_slice(std::slice::from_raw_parts(buffer.cast(), length)) };
    length
}

/// What OpenJPEG decodes: nothing where it refuses.
fn decoded_by_openjpeg(stream: &[u8]) -> Option<Decoded> {
    let mut rest = stream;
    // SAFETY: as in `encoded`.
    unsafe {
        let source = opj::opj_stream_default_create(1);
        opj::opj_stream_set_user_data(source, std::ptr::from_mut(&mut rest).cast(), None);
        opj::opj_stream_set_user_data_length(source, stream.len() as u64);
        opj::opj_stream_set_read_function(source, Some(read));
        let codec = opj::opj_create_decompress(opj::CODEC_FORMAT::OPJ_CODEC_J2K);
        let mut parameters: opj::opj_dparameters_t = std::mem::zeroed();
        opj::opj_set_default_decoder_parameters(&mut parameters);
        let mut image = std::ptr::null_mut();
        let is_decoded = opj::opj_setup_decoder(codec, &mut parameters) == 1
            && opj::opj_read_header(source, codec, &mut image) == 1
            && opj::opj_decode(codec, source, image) == 1;
        let decoded = is_decoded.then(|| {
            let components = std::slice::from_raw_parts((*image).comps, (*image).numcomps as usize);
            let samples = |component: &opj::opj_image_comp_t| {
                std::slice::from_raw_parts(component.data, (component.w * component.h) as usize).to_vec()
            };
            let (precision, signed) = (components[0].prec, components[0].sgnd == 1);
            Decoded { precision, signed, components: components.iter().map(samples).collect() }
        });
        opj::opj_stream_destroy(source);
        opj::opj_destroy_codec(codec);
        opj::opj_image_destroy(image);
        decoded
    }
}

unsafe extern "C" fn read(buffer: *mut c_void, length: opj::OPJ_SIZE_T, user: *mut c_void) -> opj::OPJ_SIZE_T {
    // SAFETY: `user` is the slice that `decoded_by_openjpeg` gave, and the buffer has `length` bytes.
    unsafe {
        let rest = &mut *user.cast::<&[u8]>();
        let count = rest.len().min(length);
        let (taken, left) = rest.split_at(count);
        std::ptr::copy_nonoverlapping(taken.as_ptr(), buffer.cast(), count);
        *rest = left;
        if count == 0 { usize::MAX as opj::OPJ_SIZE_T } else { count as opj::OPJ_SIZE_T }
    }
}

fn expected(case: &Case) -> Expected {
    Expected { columns: case.columns, rows: case.rows, components: case.components }
}

#[test]
fn a_lossless_stream_is_decoded_as_openjpeg_decodes_it() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut compared = 0;
    for _ in 0..400 {
        let case = numbers.case();
        let planes = numbers.planes(&case);
        let Some(stream) = encoded(&case, &planes) else { continue };
        let (ours, theirs) = (decode(&stream, expected(&case)).ok(), decoded_by_openjpeg(&stream));
        assert!(ours == theirs, "{case:?}");
        // The encoder makes precincts smaller than a sample, too, which no decoder has to read.
        let Some(decoded) = ours else { continue };
        if case.rates.ends_with(&[0.0]) {
            assert_eq!(decoded.components, planes, "{case:?}");
        }
        compared += 1;
    }
    assert!(compared > 300, "{compared}");
}

#[test]
fn a_stream_in_another_form_is_left_to_another_decoder() {
    let mut numbers = Numbers(1);
    let plain = Case {
        columns: 90,
        rows: 70,
        components: 1,
        precision: 12,
        resolutions: 3,
        block: [32, 32],
        rates: vec![0.0],
        precincts: Vec::new(),
        colour_transform: false,
        ..numbers.case()
    };
    let styles = (0..6).map(|style| Case { block_style: 1 << style, ..plain.clone() });
    for case in styles.chain([Case { lossy: true, ..plain.clone() }]) {
        let stream = encoded(&case, &numbers.planes(&case)).unwrap();
        assert_eq!(decode(&stream, expected(&case)), Err(Error::Unsupported), "{case:?}");
    }
    let mut stream = encoded(&plain, &numbers.planes(&plain)).unwrap();
    assert_eq!(decode(&stream, Expected { rows: 71, ..expected(&plain) }), Err(Error::Size));
    // Narrower tiles: the low byte of XTsiz.
    stream[27] = 40;
    assert_eq!(decode(&stream, expected(&plain)), Err(Error::Unsupported));
}

#[test]
fn a_damaged_stream_is_an_error_or_a_picture_of_its_size() {
    let mut numbers = Numbers(7);
    let mut refused = 0;
    for _ in 0..150 {
        let case = numbers.case();
        let Some(whole) = encoded(&case, &numbers.planes(&case)) else { continue };
        for _ in 0..8 {
            let mut stream = whole.clone();
            for _ in 0..=numbers.below(5) {
                let at = numbers.below(stream.len() as u64) as usize;
                stream[at] = numbers.below(256) as u8;
            }
            match decode(&stream, expected(&case)) {
                Ok(decoded) => {
                    let samples = (case.columns * case.rows) as usize;
                    assert!(decoded.components.iter().all(|plane| plane.len() == samples), "{case:?}");
                }
                Err(_) => refused += 1,
            }
        }
        let cut = numbers.below(whole.len() as u64) as usize;
        assert!(decode(&whole[..cut], expected(&case)).is_err(), "cut at {cut}: {case:?}");
    }
    assert!(refused > 100, "{refused}");
}
