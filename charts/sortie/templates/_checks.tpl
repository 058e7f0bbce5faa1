{{/* Combinations that would not work, told before anything is installed. */}}
{{- define "sortie.check" -}}
{{- range $what, $wanted := dict "secretKey" "at least 32 random characters" "databaseUrl" "postgres://user:password@host:5432/name" "redisUrl" "redis://host:6379/0" }}
  {{- if not (index $.Values.secrets $what).name }}
    {{- fail (printf "secrets.%s.name: name an existing secret whose key %s holds %s." $what (index $.Values.secrets $what).key $wanted) }}
  {{- end }}
{{- end }}
{{- $staging := include "sortie.stagingBackend" . }}
{{- if and (or (eq .Values.recording.storageBackend "s3") (eq $staging "s3")) (not .Values.recording.s3.bucket) }}
  {{- fail "recording.s3.bucket: name the bucket, as recording.storageBackend or staging.backend is s3." }}
{{- end }}
{{- if include "sortie.onOneNode" . }}
  {{- if or (gt (int .Values.web.replicas) 1) .Values.web.autoscaling.enabled }}
    {{- fail "web: several web pods need persistence.accessModes to have ReadWriteMany, or recording.storageBackend and staging.backend to be s3; with ReadWriteOnce there can be one web pod." }}
  {{- end }}
  {{- if has "ReadWriteOncePod" .Values.persistence.accessModes }}
    {{- fail "persistence.accessModes: web, live and worker pods share the volume, so ReadWriteOncePod cannot work; use ReadWriteOnce or ReadWriteMany." }}
  {{- end }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) }}
  {{- fail "ingress.host: say under which name the portal is reached, or set ingress.enabled to false." }}
{{- end }}
{{- if and (not .Values.ingress.enabled) (not .Values.allowedHosts) }}
  {{- fail "allowedHosts: without an ingress, say under which names the portal is reached." }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled (not .Values.secrets.metricsToken.name) }}
  {{- fail "secrets.metricsToken.name: serviceMonitor needs the token that /metrics asks for, in an existing secret." }}
{{- end }}
{{- range $component := list "web" "live" "worker" }}
  {{- $scaling := (index $.Values $component).autoscaling }}
  {{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) }}
    {{- fail (printf "%s.autoscaling: minReplicas is more than maxReplicas." $component) }}
  {{- end }}
{{- end }}
{{- end }}
