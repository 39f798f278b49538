"""DICOMweb by hand: requests, and a reader of multipart bodies, for what the client under test does not ask for."""

import email.parser
import email.policy
import os

import requests

BASE = os.environ.get("DICOMWEB", "")  # http://127.0.0.1:port/dicom-web
ORIGIN = BASE.rsplit("/dicom-web", 1)[0]
EXPLICIT = "1.2.840.10008.1.2.1"
NOT_FOR_THE_WEB = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.2")
OBJECTS = 'multipart/related; type="application/dicom"; transfer-syntax='
OCTETS = 'multipart/related; type="application/octet-stream"; transfer-syntax='
session = requests.Session()


def get(path: str, accept: str, **parameters) -> requests.Response:
    """A resource by its path below the service, its path, or its URL."""
    url = path if path.startswith("http") else ORIGIN + path if path.startswith("/dicom-web/") else BASE + path
    return session.get(url, headers={"Accept": accept}, params=parameters, timeout=120)


def parts(response: requests.Response) -> list[bytes]:
    """The bodies of a multipart answer."""
    kind = email.parser.HeaderParser(policy=email.policy.HTTP).parsestr(f"Content-Type: {response.headers['Content-Type']}\n\n")
    boundary = kind["Content-Type"].params["boundary"].encode()
    body = b"\r\n" + response.content
    pieces = body.split(b"\r\n--" + boundary)
    assert pieces[-1].startswith(b"--"), "the closing boundary is missing"
    return [piece.split(b"\r\n\r\n", 1)[1] for piece in pieces[1:-1]]


def parts_of(path: str, accept: str) -> list[bytes]:
    response = get(path, accept)
    assert response.status_code == 200, f"{response.status_code} {response.text[:200]}"
    return parts(response)


def store(body: bytes) -> requests.Response:
    """Stores one object (PS3.18 §10.5)."""
    whole = b"--part\r\nContent-Type: application/dicom\r\n\r\n" + body + b"\r\n--part--\r\n"
    kind = 'multipart/related; type="application/dicom"; boundary=part'
    headers = {"Content-Type": kind, "Accept": "application/dicom+json"}
    return session.post(f"{BASE}/studies", data=whole, headers=headers, timeout=120)
