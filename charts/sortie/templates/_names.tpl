{{/* Names and labels. */}}
{{- define "sortie.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- define "sortie.fullname" -}}
{{ include "sortie.name" . | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "sortie.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sortie.labels" -}}
{{ include "sortie.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "sortie.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "sortie.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "sortie.fullname" .) }}
{{- else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{- define "sortie.claim" -}}
{{ .Values.persistence.existingClaim | default (printf "%s-data" (include "sortie.fullname" .)) }}
{{- end }}

{{- define "sortie.stagingBackend" -}}
{{ .Values.staging.backend | default .Values.recording.storageBackend }}
{{- end }}

{{/* "true" where something is kept on the volume. */}}
{{- define "sortie.hasVolume" -}}
{{- if or (eq .Values.recording.storageBackend "local") (eq (include "sortie.stagingBackend" .) "local") }}true{{ end }}
{{- end }}

{{/* "true" where only pods of one node can have the volume. */}}
{{- define "sortie.onOneNode" -}}
{{- if and (include "sortie.hasVolume" .) (not (has "ReadWriteMany" .Values.persistence.accessModes)) }}true{{ end }}
{{- end }}
